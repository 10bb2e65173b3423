"""What the documentation says in C compiles, the reference is what the header says, and links lead somewhere.

Needs Python's standard library and a C compiler.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import reference  # noqa: E402  (found by the line above)

CC = shlex.split(os.environ.get("CC", "cc"))
STRICT = "-std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only".split()
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bindings/**/*.md"), *ROOT.glob("examples/**/*.md")]
    if "target" not in path.parts
)
# What a block that is no whole file may take for granted.
BEFORE = '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include "diffusion.h"\n'
# What a later header may have.
NEW = """
/** The most of them. */
#define DIFFUSION_STEPPER_MAX 8

/**
 * Takes steps; see diffusion_stepper_next().
 */
typedef struct diffusion_stepper diffusion_stepper;

/**
 * One step: `*rest` are those that are left.
 *
 * Errors: BUSY.
 */
DIFFUSION_API
diffusion_status diffusion_stepper_next(struct diffusion_stepper *stepper, const float *latents, size_t latents_length,
                                        uint32_t *rest);

"""


def blocks(page, language):
    """The blocks of code in a page: (line, text)."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 2, match[1]


def compile_c(source, what):
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "block.c"
        file.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [*CC, *STRICT, f"-I{ROOT / 'include'}", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            check=False,
        )
    if done.returncode != 0:
        raise AssertionError(f"{what}:\n{done.stdout}")


def anchors(page):
    """The places in a page that GitHub makes of its headings."""
    found = set()
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found


class Docs(unittest.TestCase):
    def test_every_block_of_c_compiles(self):
        seen = 0
        for page in PAGES:
            if page.name == "reference.md":
                continue
            for line, text in blocks(page, "c"):
                with self.subTest(page=page.relative_to(ROOT), line=line):
                    compile_c(text if "#include" in text else BEFORE + text, f"{page.name}, line {line}")
                    seen += 1
        self.assertGreater(seen, 10)

    def test_the_references_declarations_are_the_headers(self):
        """A declaration that says something else than the header is an error of the compiler's."""
        text = "\n".join(text for _, text in blocks(ROOT / "docs/reference.md", "c"))
        functions = "\n".join(part for part in re.findall(r"[^;]+;", text) if "typedef" not in part)
        self.assertGreater(functions.count(";"), 200)
        compile_c(BEFORE + functions, "docs/reference.md")

    def test_the_reference_is_fresh(self):
        subprocess.run([sys.executable, ROOT / "scripts/reference.py", "--check"], check=True)

    def test_the_reference_takes_up_what_is_new(self):
        """A new handle is a new group; what is not understood is an error, not left out."""
        header = (ROOT / "include/diffusion.h").read_text(encoding="utf-8")
        at = header.index("#ifdef __cplusplus\n}  // extern")
        with_more = header[:at] + NEW + header[at:]
        made = reference.reference(with_more)
        self.assertIn("## `diffusion_stepper`\nTakes steps; see [`diffusion_stepper_next()`](#diffusion_stepper_next).", made)
        self.assertIn("### `diffusion_stepper_next`\n```c\ndiffusion_status diffusion_stepper_next(", made)
        self.assertIn("| `DIFFUSION_STEPPER_MAX` | `8` | The most of them. |", made)
        for bad in (
            "DIFFUSION_API void diffusion_stepper_silent(void);\n",
            "/** Half. */\nenum diffusion_half {\n    /** One. */\n    DIFFUSION_HALF_ONE = 0,\n    DIFFUSION_HALF_TWO = 1,\n};\n",
        ):
            with self.assertRaises(SystemExit):
                reference.reference(header[:at] + bad + header[at:])

    def test_links_lead_somewhere(self):
        for page in PAGES:
            text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
            text = re.sub(r"`[^`\n]*`", "code", text)
            for link in {*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)}:
                if re.match(r"[a-z]+:", link):
                    continue
                with self.subTest(page=str(page.relative_to(ROOT)), link=link):
                    path, _, anchor = unquote(link).partition("#")
                    to = (page.parent / path).resolve() if path else page
                    self.assertTrue(to.exists(), "there is no such file")
                    if anchor and to.suffix == ".md":
                        self.assertIn(anchor, anchors(to), "there is no such heading")


if __name__ == "__main__":
    unittest.main()
