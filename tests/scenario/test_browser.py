# SPDX-License-Identifier: MIT
"""A real browser: a page of many parts, fetched over a few connections that stay, and a script that asks for more."""
import collections
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import models, web
from harness.patience import LONG

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
PARTS = 20

pytestmark = pytest.mark.skipif(not BROWSER, reason="no browser is here: install chromium-headless-shell")

PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>not yet</title>
<link rel="stylesheet" href="style.css"><p id="p">not yet</p>{parts}
<script src="/static/app.js"></script>"""

# What the script finds stands in the page when all of it is here.
SCRIPT = """
const text = async (path, options) => { const answer = await fetch(path, options); return [answer.status, await answer.text()]; };
(async () => {
  const found = {
    hello: await text('/hello/browser'),
    data: await text('/static/data.json'),
    missing: (await text('/static/none.txt'))[0],
    part: await text('/static/data.json', {headers: {Range: 'bytes=0-3'}}),
    parts: parts,
    color: getComputedStyle(document.getElementById('p')).color,
  };
  document.getElementById('p').textContent = JSON.stringify(found);
})();
"""


def lay_out(directory):
    directory.mkdir()
    parts = "".join(f'<script src="part{number}.js?{number}"></script>' for number in range(PARTS))
    (directory / "index.html").write_text(PAGE.format(parts=parts), encoding="utf-8")
    (directory / "style.css").write_text("p { color: rgb(1, 2, 3) }", encoding="utf-8")
    (directory / "app.js").write_text(SCRIPT, encoding="utf-8")
    (directory / "data.json").write_text('{"a": 1}', encoding="utf-8")
    for number in range(PARTS):
        (directory / f"part{number}.js").write_text(f"var parts = (window.parts || 0) + {number};", encoding="utf-8")
    return directory


def page_as_seen(url, profile):
    words = (BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom",
             f"--user-data-dir={profile}", "--virtual-time-budget=10000", url)
    return subprocess.run(words, capture_output=True, text=True, timeout=LONG * 2, check=True,
                          env={**os.environ, "HOME": str(profile)}).stdout


@pytest.mark.parametrize("model", models.EVERY)
def test_a_browser_sees_the_whole_page(start, tmp_path, model):
    log = tmp_path / "access.log"
    files = lay_out(tmp_path / "files")
    brood = start(*models.words(model), "--route", f"/static/ files {files}", "--route", "/hello/ hello",
                  "--access-log", "json", "--access-log-file", log, warm=False)
    brood.request = web.get("/hello/", "Connection: close")
    seen = page_as_seen(f"http://{brood.url.removeprefix('tcp://')}/static/", tmp_path / "profile")
    found = json.loads(re.search(r'<p id="p">(.*)</p>', seen)[1].replace("&quot;", '"'))
    assert found["hello"][0] == 200 and "browser" in found["hello"][1]
    assert found["data"] == [200, '{"a": 1}']
    assert found["missing"] == 404
    assert found["part"] == [206, '{"a"']
    assert found["parts"] == sum(range(PARTS))
    assert found["color"] == "rgb(1, 2, 3)"
    brood.stop()
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert collections.Counter(line["status"] for line in lines)[200] >= PARTS + 4
