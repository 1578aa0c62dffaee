"""``make run``: scrape the bundled demo site (or a list of your own), export it, ask pandas, import some files.

    python examples/demo_run.py [--urls FILE] [-- OPTIONS of `tlray scrape`]

It does what a user would type: ``tlray demo`` in one terminal, ``tlray scrape`` in another, pandas at the
end. The demo site ends with this program, however that ends: it watches its standard input.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

INCOMPLETE = 3
"""What `tlray scrape` ends with when some items are dead: in the demo, that is how it should be."""

DEMO = (
    "--sites=3",
    "--sets=120",
    "--latency=0.02-0.3",
    # the second site's robots.txt asks for a quarter of a second between fetches
    "--robots=1:crawl-delay=0.25",
    # most of what goes wrong goes away when it is asked for again; what is gone, or disallowed, stays so
    "--faults=503=0.04,429=0.02,reset=0.03,truncated=0.03,half=0.02,gone=0.02,robots=0.01",
)


def main(arguments: Sequence[str]) -> int:
    """Run, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Scrape the demo site, or a list, and look at what came of it."
    )
    parser.add_argument("--urls", help="a file with one URL a line, instead of the demo")
    parser.add_argument("options", nargs="*", help="options of `tlray scrape`")
    asked = parser.parse_args(arguments)
    if asked.urls:
        summary, code = scrape([asked.urls, *asked.options])
    else:
        with demo_site() as urls:
            summary, code = scrape(["-", "--name=demo", *asked.options], urls)
        code = 0 if code == INCOMPLETE else code
    if summary is not None:
        show_answers(summary)
        show_places(summary)
    return code if asked.urls or code else import_files()


def import_files() -> int:
    """Import a small folder of files, as a user has them, and return the exit code."""
    from tlray.demo.files import write_files  # noqa: PLC0415 - only the demo needs it

    with TemporaryDirectory() as folder:
        files = Path(folder) / "sets"
        write_files(files)
        say("", "And files: `tlray import` of saved pages, a CUE sheet, a playlist, show notes, chapters;")
        say("one of them is there twice, and two hold no set:", "")
        command = [
            sys.executable,
            "-m",
            "tlray",
            "import",
            str(files),
            "--name=files",
            "--export=csv",
            "--json",
        ]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own program
    if run.stdout.strip():
        show_places(json.loads(run.stdout))
    return 0 if run.returncode == INCOMPLETE else run.returncode


@contextmanager
def demo_site() -> Iterator[bytes]:
    """Serve the demo on loopback and give its list of URLs."""
    say("demo: three sites on 127.0.0.1, .2 and .3 with 120 invented sets; a few of their pages misbehave")
    os.environ.pop("RAY_ADDRESS", None)  # the loopback of this machine is no other node's
    command = [sys.executable, "-m", "tlray.demo", "--until-stdin-closes", *DEMO]
    # in a session of its own: Ctrl-C is for `tlray scrape`, which still needs the site to drain
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as site:
        assert site.stdin is not None  # noqa: S101 - asked for above
        assert site.stdout is not None  # noqa: S101
        try:
            ready = json.loads(site.stdout.readline())
            with urlopen(ready["urls"], timeout=10) as answer:  # noqa: S310 - a loopback address
                yield answer.read()
        finally:
            site.stdin.close()
            site.terminate()


def scrape(arguments: list[str], stdin: bytes | None = None) -> tuple[dict[str, Any] | None, int]:
    """Run `tlray scrape`, whose bar goes to the terminal, and return its summary and exit code."""
    command = [sys.executable, "-m", "tlray", "scrape", "--export=cue", "--export=csv", "--json", *arguments]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=None if stdin is None else subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        while True:
            try:
                out, _ = run.communicate(stdin)
                break
            except KeyboardInterrupt:
                stdin = None  # it has heard of Ctrl-C itself, and drains
        summary = json.loads(out) if out.strip() else None
    return summary, run.returncode


def show_answers(summary: dict[str, Any]) -> None:
    """Ask pandas."""
    import tlray  # noqa: PLC0415 - pandas takes a second, and the scrape comes first

    tracklists, tracks = tlray.load(summary["batch_id"], home=summary["home"])
    if tracklists.empty:
        return
    labels = tracks.explode("labels")["labels"].value_counts().head(5)
    djs = tracklists.explode("djs")["djs"].value_counts().head(5)
    known = tracks["identity"].value_counts()
    say("", "In pandas:", "", "  tracklists, tracks = tlray.load(batch_id)")
    for question, answer in (
        ('the most played labels: tracks.explode("labels")["labels"].value_counts()', labels),
        ('the busiest DJs: tracklists.explode("djs")["djs"].value_counts()', djs),
        ('how much is known: tracks["identity"].value_counts()', known),
    ):
        say("", f"  {question}")
        say(*(f"    {n:5}  {name}" for name, n in answer.items()))
    n_cued, quality = int(tracks["cue_s"].notna().sum()), tracklists["quality"].median()
    say("", f"  {len(tracklists)} sets, {len(tracks)} tracks, {n_cued} with a start time;")
    say(f"  half of the sets have a quality of {quality:.2f} or more")


def show_places(summary: dict[str, Any]) -> None:
    """Say where everything lies."""
    home, batch = Path(summary["home"]), summary["batch_id"]
    places = {
        "tracklists, tracks (Parquet)": home / "results" / batch,
        "CUE sheets": home / "exports" / batch / "cue",
        "CSV": home / "exports" / batch / "tracks.csv",
        "pages as they came (WARC)": home / "archive" / batch,
    }
    say(
        "",
        "Where everything lies:",
        *(f"  {what:30} {where}" for what, where in places.items() if where.exists()),
    )
    say("", f"`.venv/bin/tlray status {batch}` and `.venv/bin/tlray dead {batch}` tell the rest.")


def say(*lines: str) -> None:
    """Print lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
