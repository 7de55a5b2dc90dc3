"""Open every page of the built site in headless Chromium, as people see it: narrow and wide, light and dark.

    python docs/look.py [build/site] [--pictures FOLDER]

It takes the package playwright and the browser of Debian's package chromium (or CHROMIUM, the path of another one). A page fails by
an error on its console, a link or a picture that leads nowhere, or by scrolling sideways; the site, by a search that does not find
`value_and_grad`. The pictures are for looking at.
"""
import argparse
import os
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTHS = {1280: 900, 390: 844}
HIGHEST = 3000                  # pixels of a picture; the pages of coverage have a hundred thousand
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--no-first-run"]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BROKEN = "Array.from(document.images).filter(i => i.src && !(i.complete && i.naturalWidth)).map(i => i.src)"


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def serve(folder):
    """Serve a folder on this machine alone, and return the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def faults_of(browser, top, pages, width, scheme, pictures):
    """Yield what is wrong with the pages at a width, in light or dark."""
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda response: said.append(f"{response.status} {response.url}") if response.status >= 400 else None)
    for path in pages:
        said.clear()
        page.goto(f"{top}/{path}", wait_until="load")
        wider = page.evaluate(WIDER)
        found = [*said, *[f"no picture {source}" for source in page.evaluate(BROKEN)]]
        if wider > 0:
            found.append(f"{wider} pixels wider than its window")
        yield from [f"{path} ({width}, {scheme}): {fault}" for fault in found]
        if pictures:
            height = min(HIGHEST, page.evaluate("document.documentElement.scrollHeight"))
            file = pictures / f"{path.replace('/', '-').removesuffix('.html')}-{width}-{scheme}.png"
            page.screenshot(path=file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height}, timeout=120_000)
    context.close()


def links_that_lead_nowhere(browser, top, pages, folder):
    """Yield links within the site whose file or place is not there."""
    page, places = browser.new_page(), {}
    links = []
    for path in pages:
        page.goto(f"{top}/{path}")
        places[f"{top}/{path}"] = set(page.evaluate("Array.from(document.querySelectorAll('[id]')).map(e => e.id)"))
        links += [(path, link) for link in page.evaluate("Array.from(document.links).map(l => l.href)") if link.startswith(top)]
    for path, link in links:
        file, _, place = link.partition("#")
        if file in places and place and place not in places[file]:
            yield f"{path}: no place {link}"
        elif file not in places and not (folder / file.removeprefix(top).strip("/")).exists():
            yield f"{path}: no file {link}"


def search_faults(browser, top):
    """Yield a fault where the search does not find a function of the reference."""
    page = browser.new_page()
    page.goto(f"{top}/search.html?q=value_and_grad")
    try:
        page.wait_for_selector("#search-results li a", timeout=10_000)
    except Exception as error:
        yield f"search: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", nargs="?", default="build/site", type=Path)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    pages = sorted([str(file.relative_to(options.site)) for file in options.site.rglob("*.html") if "_static" not in file.parts])
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    server, faults = serve(options.site), []
    top = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                faults += faults_of(browser, top, pages, width, scheme, options.pictures)
        faults += links_that_lead_nowhere(browser, top, pages, options.site)
        faults += search_faults(browser, top)
        browser.close()
    server.shutdown()
    print("\n".join([*faults, f"{len(pages)} pages at {len(WIDTHS)} widths, light and dark: {len(faults)} faults"]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
