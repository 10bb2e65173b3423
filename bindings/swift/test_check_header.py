"""The checker finds what it is there to find."""

import re
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import check_header  # noqa: E402

HEADER = """
#define DIFFUSION_API
#define DIFFUSION_VERSION_MAJOR 0
enum diffusion_status { DIFFUSION_STATUS_OK = 0, DIFFUSION_STATUS_IO = 4, };
/** Calls diffusion_nothing(1, 2). */
DIFFUSION_API const char *diffusion_none(void);
DIFFUSION_API void diffusion_one(struct diffusion_job *job);
DIFFUSION_API
diffusion_status diffusion_three(const struct diffusion_job *job,
                                 const char *text, // a comment, with a comma
                                 size_t length);
"""


class Checker(unittest.TestCase):
    functions, constants = check_header.read_header(HEADER)

    def found(self, text):
        return list(check_header.check(text, self.functions, self.constants, "x.swift"))

    def test_the_header_is_read(self):
        self.assertEqual(self.functions, {"diffusion_none": 0, "diffusion_one": 1, "diffusion_three": 3})
        self.assertIn("DIFFUSION_STATUS_IO", self.constants)
        self.assertIn("DIFFUSION_VERSION_MAJOR", self.constants)
        with self.assertRaises(ValueError):
            check_header.read_header(HEADER + "\nDIFFUSION_API int (*diffusion_odd)(void);\n")
        with self.assertRaises(ValueError):
            check_header.read_header("")

    def test_what_fits_is_accepted(self):
        for text in (
            "let x = diffusion_none()",
            "diffusion_one(\n  pointer\n)",
            "diffusion_three(f(a, b), [1, 2, 3], { x, y in g(x, y) }(1, 2))",
            "diffusion_three(job, \"a, b) \\\" (\", Int64(a.count))",
            "check(withText(name) { diffusion_three(job, $0, $1) })",
            "names(diffusion_one)",
            "diffusion_three(job, text) { 3 }",
            "if diffusion_none() { return }",
            "while let name = diffusion_none() { f(name) }",
            "// diffusion_gone(1)\n/* diffusion_gone() DIFFUSION_GONE */ let text = \"diffusion_gone()\"",
            "\"\"\"\n diffusion_gone(1)\n\"\"\"",
            "number(DIFFUSION_STATUS_IO)",
        ):
            self.assertEqual(self.found(text), [], text)

    def test_a_wrong_name_is_found(self):
        for text in ("diffusion_gone()", "names(diffusion_gone)", "f(\"\\(diffusion_gone())\")", "x = diffusion_ones(1)"):
            self.assertRegex("".join(self.found(text)), r"x\.swift:1: diffusion_\w+ is not a function of the header", text)
        self.assertEqual(self.found("\n\nnumber(DIFFUSION_STATUS_GONE)"), ["x.swift:3: DIFFUSION_STATUS_GONE is not in the header"])

    def test_a_wrong_arity_is_found(self):
        for text, sentence in (
            ("diffusion_none(1)", "diffusion_none takes 0 arguments, not 1"),
            ("diffusion_one()", "diffusion_one takes 1 arguments, not 0"),
            ("diffusion_one(a, f(b, c))", "diffusion_one takes 1 arguments, not 2"),
            ("diffusion_three(job, $0)", "diffusion_three takes 3 arguments, not 2"),
            ("diffusion_three(job,\n \",,,\",\n [1, 2], 3)", "diffusion_three takes 3 arguments, not 4"),
            ("diffusion_one(job) { $0 }", "diffusion_one takes 1 arguments, not 2"),
            ("f(diffusion_three(diffusion_one(), 2, 3))", "diffusion_one takes 1 arguments, not 0"),
        ):
            self.assertEqual(self.found(text), [f"x.swift:1: {sentence}"], text)

    def test_the_real_sources_fit_and_every_mutation_of_a_call_does_not(self):
        functions, constants = check_header.read_header(check_header.HEADER.read_text(encoding="utf-8"))
        calls = 0
        for file in sorted((HERE / "Sources").glob("**/*.swift")):
            text = check_header.strip(file.read_text(encoding="utf-8"))
            self.assertEqual(list(check_header.check(text, functions, constants, file.name)), [])
            for match in re.finditer(r"\bdiffusion_\w+\(", text):
                calls += 1
                for mutated in (match.group()[:-1] + "x(", match.group() + "0, " if text[match.end()] != ")" else match.group() + "0"):
                    changed = text[:match.start()] + mutated + text[match.end():]
                    self.assertEqual(len(list(check_header.check(changed, functions, constants, file.name))), 1, mutated)
        self.assertGreater(calls, 30)

    def test_the_program_fails_with_what_it_finds(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "x.swift"
            file.write_text("diffusion_request_destroy(a, b)", encoding="utf-8")
            self.assertEqual(check_header.main([file]), 1)
            file.write_text("diffusion_request_destroy(a)", encoding="utf-8")
            self.assertEqual(check_header.main([file]), 0)
            file.write_text("nothing()", encoding="utf-8")
            self.assertEqual(check_header.main([file]), 1)


if __name__ == "__main__":
    unittest.main()
