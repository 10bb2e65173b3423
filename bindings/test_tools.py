"""declare.py, reach.py and conformance.py do what they are there for."""

import tempfile
import unittest
from pathlib import Path

import conformance
import declare
import declare_kotlin
import reach

# What is new to every binding: a handle, a setter that takes it, and types that no function had.
NEW = """
/**
 * Walks by itself.
 */
typedef struct diffusion_walker diffusion_walker;

typedef struct diffusion_part {
    const uint8_t *bytes;
    size_t size;
} diffusion_part;

DIFFUSION_API diffusion_status diffusion_walker_create(const struct diffusion_part *parts,
                                                        size_t count,
                                                        struct diffusion_walker **walker);
DIFFUSION_API void diffusion_walker_destroy(struct diffusion_walker *walker);
DIFFUSION_API const float *const *diffusion_walker_rows(const struct diffusion_walker *walker);
/**
 * Goes on from there.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_walker(struct diffusion_request *request,
                                               const struct diffusion_walker *walker);
/**
 * Any number.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_novelty(struct diffusion_request *request,
                                               int64_t most,
                                               float novelty);
"""


def header():
    return declare.read_header(declare.HEADER.read_text(encoding="utf-8").replace("#ifdef __cplusplus", NEW + "#ifdef __cplusplus", 1))


class Declare(unittest.TestCase):
    def test_a_new_kind_of_object_is_declared(self):
        native = declare.csharp_native(header())
        self.assertIn("class WalkerHandle : Handle", native)
        self.assertIn("Status diffusion_request_set_walker(RequestHandle request, WalkerHandle walker);", native)
        self.assertIn("IntPtr diffusion_walker_rows(WalkerHandle walker);", native)
        self.assertIn('"diffusion_walker_create": (Status, [', declare.python_abi(header()))

    def test_a_new_setting_is_there_in_every_language(self):
        self.assertIn("novelty: tuple[int, float] | None", declare.python_settings(header()))
        self.assertIn("SetNovelty(long most, float novelty)", declare.csharp_settings(header(), "diffusion_request", "Request"))
        kotlin = declare_kotlin.setters(declare.settings_of, header(), declare.COMMAND)
        self.assertIn('X(novelty, "if", W(0), F(1))', kotlin)

    def test_a_setting_that_takes_an_unknown_object_is_left_out(self):
        names = {setting.name for setting in declare.settings_of(header(), "diffusion_request")}
        self.assertIn("novelty", names)
        self.assertIn("init_image", names)
        self.assertNotIn("walker", names)


class Reach(unittest.TestCase):
    def test_what_is_new_is_missed_until_it_is_excused(self):
        functions = reach.functions_of(header())
        for name, sources in reach.BINDINGS.items():
            reached = sources(header()) & set(functions)
            reasons = {"all": {"why": ["*"]}, name: {}}
            self.assertEqual(list(reach.judge(name, functions, reached, reasons)), [])
            missed = list(reach.judge(name, functions, reached, {"all": {}, name: {}}))
            self.assertEqual(sum("diffusion_walker_create" in sentence for sentence in missed), 1)
            self.assertFalse(any("diffusion_request_create" in sentence for sentence in missed))

    def test_reasons_that_are_none_are_found(self):
        found = list(reach.judge("X", ["diffusion_a", "diffusion_b"], {"diffusion_a"}, {"all": {"r": ["c"]}, "X": {"s": ["a", "b"]}}))
        self.assertEqual(len(found), 2)
        self.assertIn("c is not in the header", found[0])
        self.assertIn("a is reached now", found[1])


class Conformance(unittest.TestCase):
    def test_a_file_stands_for_its_hash(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "a b.rgb"
            file.write_bytes(b"abc")
            hashed = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            self.assertEqual(conformance.hashed(f"plain {file}"), f"plain {hashed}")
            self.assertEqual(conformance.hashed(f"plain {hashed}"), f"plain {hashed}")
            self.assertEqual(conformance.hashed(""), "")
            self.assertIn("neither", conformance.hashed("plain nothing"))


if __name__ == "__main__":
    unittest.main()
