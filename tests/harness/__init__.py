# SPDX-License-Identifier: MIT
"""What the scenarios share: a started brood, its clients, its processes as /proc shows them, and ways to hurt it."""
