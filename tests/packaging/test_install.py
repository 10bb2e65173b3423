"""What somebody meets who uses the installed library: in C, in C++, with CMake, from the tarball, without Rust.

Every program here draws with a tiny model, and finds the library and ONNX Runtime by where they were installed alone.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests/models/tiny-optimum"
HELLO = ROOT / "examples/hello.c"
HELLO_CPP = ROOT / "examples/hello.cpp"
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
SHARED = "libdiffusion.dylib" if sys.platform == "darwin" else "libdiffusion.so"


def environment():
    """That of somebody who has no Rust, and has told nobody where anything is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LD_", "DYLD_", "ORT_", "CARGO"))}
    folders = kept["PATH"].split(os.pathsep)
    kept["PATH"] = os.pathsep.join(f for f in folders if not any((Path(f) / tool).exists() for tool in ("cargo", "rustc")))
    return kept


def run(command, **more):
    """Runs a command to its end, which must be a good one, and returns what it printed."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False, **more
    )
    if done.returncode != 0:
        raise AssertionError(f"{command} in {more.get('cwd', '.')} failed with {done.returncode}:\n{done.stdout}")
    return done.stdout


def make(*arguments):
    # What `make test` was called with is in the environment; its job server is not ours.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return run([os.environ.get("MAKE", "make"), *arguments], cwd=ROOT, env=env)


def skip_without(tool, what):
    """Leaves a test out where a tool is missing that `make test` does not ask for, and says so."""
    if shutil.which(tool) is None:
        sentence = f"{tool} is not installed, so {what}"
        print(f"SKIPPED: {sentence}", file=sys.stderr)
        raise unittest.SkipTest(sentence)


class Installed(unittest.TestCase):
    """One installation for all, in a folder with spaces in its path."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="a scratch folder ")
        cls.folder = Path(cls.scratch.name)
        cls.prefix = cls.folder / "a prefix"
        make("install", f"PREFIX={cls.prefix}")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def draws(self, program, **more):
        """The program draws a picture of the right size."""
        picture = Path(program).parent / "picture.png"
        said = run([program, MODEL, "a red house", picture], env={**environment(), **more})
        self.assertIn("64 x 64 pixels", said)
        self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        picture.unlink()

    def package_config(self, prefix, *arguments):
        """What pkg-config answers, as the words that a shell makes of it."""
        skip_without("pkg-config", "nothing was built with diffusion.pc")
        env = {**environment(), "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
        return shlex.split(run(["pkg-config", *arguments, "diffusion"], env=env))

    def compiles_with_package_config(self, prefix, folder):
        """hello.c, built as README.md says."""
        flags = self.package_config(prefix, "--cflags", "--libs")
        (libdir,) = self.package_config(prefix, "--variable=libdir")
        self.assertEqual(Path(libdir).resolve(), (prefix / "lib").resolve())
        folder.mkdir(exist_ok=True)
        run([CC, HELLO, *flags, f"-Wl,-rpath,{libdir}", "-o", folder / "hello"], env=environment())
        self.draws(folder / "hello")

    def test_c_with_pkg_config(self):
        self.assertEqual(self.package_config(self.prefix, "--modversion"), [self.version()])
        self.compiles_with_package_config(self.prefix, self.folder / "c")

    def test_cpp(self):
        skip_without(CXX, "nothing was built as C++")
        program = self.folder / "hello-cpp"
        lib = self.prefix / "lib"
        flags = ["-std=c++17", f"-I{self.prefix}/include", f"-L{lib}", f"-Wl,-rpath,{lib}"]
        run([CXX, HELLO_CPP, *flags, "-ldiffusion", "-o", program], env=environment())
        self.draws(program)

    def test_c_with_the_static_library(self):
        flags = self.package_config(self.prefix, "--static", "--cflags", "--libs")
        flags = [str(self.prefix / "lib/libdiffusion.a") if flag == "-ldiffusion" else flag for flag in flags]
        program = self.folder / "hello-static"
        run([CC, HELLO, *flags, "-o", program], env=environment())
        # Beside such a program lies no ONNX Runtime, so it is told where one is.
        self.draws(program, ORT_DYLIB_PATH=str(self.prefix / "lib"))

    def test_cmake(self):
        skip_without("cmake", "nothing was built with the CMake package")
        build = self.folder / "cmake build"
        configure = ["cmake", "-S", ROOT / "tests/packaging/consumer", "-B", build, f"-DEXAMPLES={HELLO.parent}"]
        run([*configure, f"-DCMAKE_PREFIX_PATH={self.prefix}"], env=environment())
        run(["cmake", "--build", build], env=environment())
        self.draws(build / "hello")
        self.draws(build / "hello_static", ORT_DYLIB_PATH=str(self.prefix / "lib"))
        refused = subprocess.run(
            ["cmake", "-S", self.asks_for_another_major(), "-B", self.folder / "refused", f"-DCMAKE_PREFIX_PATH={self.prefix}"],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False,
        )
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(f"version: {self.version()}", refused.stdout)

    def asks_for_another_major(self):
        source = self.folder / "another major"
        source.mkdir()
        major = int(self.version().split(".")[0]) + 1
        lines = ["cmake_minimum_required(VERSION 3.16)", "project(other NONE)", f"find_package(Diffusion {major} REQUIRED)"]
        (source / "CMakeLists.txt").write_text("\n".join(lines), encoding="utf-8")
        return source

    def test_the_tool(self):
        picture = self.folder / "tool.png"
        tool = [self.prefix / "bin/diffusion", "generate", "--cache-dir", "none", "--steps", "1"]
        run([*tool, "-m", MODEL, "-p", "a red house", "-o", picture], env=environment())
        self.assertTrue(picture.is_file())
        devices = run([self.prefix / "bin/diffusion", "devices"], env=environment())
        (place,) = [line for line in devices.splitlines() if line.startswith(str(self.prefix))]
        self.assertIn(self.prefix / "lib/onnxruntime", Path(os.path.normpath(place)).parents)

    def test_notices_name_what_is_linked(self):
        documents = self.prefix / "share/doc/libdiffusion"
        notices = (documents / "NOTICES.txt").read_text(encoding="utf-8")
        for crate in ("ort", "tokenizers", "serde_json", "Rust's standard library"):
            self.assertIn(f"\n{crate} ", notices)
        # What only runs while the library is built is not in it.
        self.assertNotIn("\nserde_derive ", notices)
        self.assertTrue((documents / "onnxruntime/ThirdPartyNotices.txt").is_file())
        self.assertTrue((documents / "onnxruntime/LICENSE").is_file())

    def test_links_of_the_shared_library(self):
        lib = self.prefix / "lib"
        major = self.version().split(".")[0]
        soname = f"libdiffusion.{major}.dylib" if sys.platform == "darwin" else f"libdiffusion.so.{major}"
        self.assertEqual(os.readlink(lib / SHARED), soname)
        self.assertIn(self.version(), os.readlink(lib / soname))
        self.assertTrue((lib / soname).resolve().is_file())

    def version(self):
        header = (self.prefix / "include/diffusion.h").read_text(encoding="utf-8")
        return header.split("#define DIFFUSION_VERSION_STRING ")[1].split('"')[1]

    def test_gathered_elsewhere_and_taken_away(self):
        gathered = self.folder / "gathered here"
        where = ["PREFIX=/opt/some where", f"DESTDIR={gathered}", "LIBDIR=lib/of-this-machine"]
        make("install", *where)
        there = gathered / "opt/some where"
        self.assertTrue((there / f"lib/of-this-machine/{SHARED}").is_file())
        # In the end the pkg-config file knows where it was put, not where it was gathered.
        self.assertNotIn("gathered", (there / "lib/of-this-machine/pkgconfig/diffusion.pc").read_text(encoding="utf-8"))
        self.assertIn("diffusion", run([there / "bin/diffusion", "--help"], env=environment()))
        of_another = there / "lib/libother.so"
        of_another.write_bytes(b"")
        make("install", *where)  # again, over itself
        make("uninstall", *where)
        self.assertEqual([path for path in there.rglob("*") if path.is_file() or path.is_symlink()], [of_another])
        self.assertFalse((there / "share").exists())
        of_another.unlink()

    def test_the_tarball_works_wherever_it_is_unpacked(self):
        made = make("--silent", "dist").strip()
        place = self.folder / "unpacked here"
        with tarfile.open(ROOT / made) as archive:
            for member in archive.getmembers():
                self.assertFalse(member.name.startswith("/") or ".." in member.name.split("/"), member.name)
            archive.extractall(place)
        (first,) = place.iterdir()
        self.compiles_with_package_config(first, self.folder / "from the tarball")
        moved = self.folder / "moved"
        first.rename(moved)
        self.compiles_with_package_config(moved, self.folder / "from the tarball")
        run([moved / "bin/diffusion", "--help"], env=environment())


if __name__ == "__main__":
    unittest.main()
