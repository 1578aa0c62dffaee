"""The colours of the page: the contrast of each role and state is what docs/page.md promises, in both themes."""

from __future__ import annotations

from typing import Final

import pytest
from browsing import OpenLook, Theme

SURFACE: Final = "surface"
CONTRASTS: Final[dict[tuple[str, str], tuple[float, float]]] = {
    ("text", SURFACE): (16.9, 13.9),
    ("muted", SURFACE): (7.0, 7.2),
    ("link", SURFACE): (7.2, 8.5),
    ("edge", SURFACE): (3.7, 4.4),
    ("danger", SURFACE): (7.4, 7.4),
    ("on-link", "link"): (7.2, 9.7),
    ("text", "selected"): (14.5, 11.1),
    ("muted", "selected"): (6.0, 5.7),
    ("added", "added-bg"): (8.1, 9.2),
    ("removed", "removed-bg"): (9.0, 9.7),
    ("done", SURFACE): (9.0, 5.3),
    ("live", SURFACE): (4.9, 12.9),
    ("wait", SURFACE): (8.6, 9.4),
    ("bad", SURFACE): (4.7, 4.9),
    ("off", SURFACE): (11.8, 7.2),
}
"""Role, ground → contrast (WCAG 2) in the light theme, in the dark one."""
LEAST_OF_GLYPHS: Final = 3.0
STATES: Final = ("done", "live", "wait", "bad", "off")
GROUNDS: Final = ("bg", "surface", "sunk", "selected")
_CONTRASTS: Final = """pairs => {
    const probe = document.createElement("span");
    document.body.append(probe);
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const luminance = (role) => {
        probe.style.setProperty("color", `var(--${role})`);
        pen.fillStyle = getComputedStyle(probe).color;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((one) => one / 255)
            .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = pairs.map((pair) => pair.map(luminance).sort((a, b) => b - a)).map(([a, b]) => (a + 0.05) / (b + 0.05));
    probe.remove();
    return found;
}"""


def test_every_role_and_state_has_the_contrast_that_is_promised(look: OpenLook) -> None:
    page = look().goto("/batches")
    themes: tuple[Theme, ...] = ("light", "dark")
    for at, theme in enumerate(themes):
        page.emulate_media(color_scheme=theme)
        found = page.evaluate(_CONTRASTS, [list(pair) for pair in CONTRASTS])
        promised = [of[at] for of in CONTRASTS.values()]
        assert dict(zip(CONTRASTS, found, strict=True)) == pytest.approx(
            dict(zip(CONTRASTS, promised, strict=True)), abs=0.1
        ), theme
        glyphs = [[state, ground] for state in STATES for ground in GROUNDS]
        assert min(page.evaluate(_CONTRASTS, glyphs)) >= LEAST_OF_GLYPHS, theme
