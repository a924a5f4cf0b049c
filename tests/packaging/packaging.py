"""duplex as its users get it: installed, as a part of their own build, and as Debian packages.

Each way builds the same consumer, runs it, and looks at what it is linked with. What takes time to compile
stays in build/packaging from one run to the next.
"""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
RELEASE = ROOT / "build" / "release"
BUILDS = ROOT / "build" / "packaging"
VERSION = re.search(r'^#define DUPLEX_VERSION "(.*)"$', (ROOT / "include/duplex/version.h").read_text(),
                    re.MULTILINE).group(1)
SONAME = "libduplex.so." + ".".join(VERSION.split(".")[:2])
LAUNCHER = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
# The code is tested elsewhere; here it is only to compile soon.
QUICK = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0", *LAUNCHER]
# Nothing of what this machine has configured is to help or to hinder.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ("CMAKE_PREFIX_PATH", "PKG_CONFIG_PATH", "LD_LIBRARY_PATH", "CXXFLAGS")}


def run(*command, **environment):
    """What `command` prints; it has to succeed."""
    result = subprocess.run([str(part) for part in command], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT | environment)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{result.stdout}")
    return result.stdout


@functools.cache
def releaseBuild():
    """The static library and the program, as they are released."""
    run("cmake", "--preset", "release", "-S", ROOT)
    run("cmake", "--build", RELEASE, "--target", "duplex", "duplex_tool")
    return RELEASE


@functools.cache
def sharedBuild():
    build = BUILDS / "shared"
    run("cmake", "-S", ROOT, "-B", build, *QUICK, "-DBUILD_SHARED_LIBS=ON", "-DDUPLEX_TESTS=OFF",
        "-DDUPLEX_EXAMPLES=OFF", "-DDUPLEX_TOOL=OFF", "-DCMAKE_INSTALL_PREFIX=/usr")
    run("cmake", "--build", build)
    return build


def needed(binary):
    """The shared libraries that `binary` itself asks for."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", binary))


def symbols(binary, *options):
    """Names `duplex::…` of what `binary` defines out of line."""
    listed = run("nm", "--demangle", "--defined-only", *options, binary)
    return set(re.findall(r"^\w+ T (duplex::[\w:~]+)", listed, re.MULTILINE))


def outermost(name):
    """The class or function right in the namespace."""
    return name.removeprefix("duplex::").removeprefix("detail::").split("::")[0]


def declarations(code):
    """The classes and functions that headers have right in the namespace, where nothing is indented."""
    classes = re.findall(r"^(?:class|struct) (?:\w+ )*?(\w+)(?: final)?(?: :[^;]*)? \{", code, re.MULTILINE)
    functions = re.findall(r"^(?!class|struct|enum|#|inline)[\w:]+[^;=(]*?[ *&](\w+)\(", code, re.MULTILINE)
    return set(classes) | set(functions)


class Packaging(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="duplex-packaging-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def install(self, build, *more):
        """Installs into an empty folder, and moves that: nothing may know where it was."""
        run("cmake", "--install", build, "--prefix", self.folder / "first", *more)
        prefix = self.folder / "prefix"
        (self.folder / "first").rename(prefix)
        return prefix

    def runs(self, consumer, **environment):
        self.assertEqual(run(consumer, **environment), f"hello {VERSION} {VERSION}\n")

    def buildWithCMake(self, build, way, *options):
        run("cmake", "-S", CONSUMER, "-B", build, f"-DDUPLEX_WAY={way}", *QUICK, *options)
        run("cmake", "--build", build, "--target", "consumer")
        return build / "consumer"

    def buildWithFindPackage(self, prefix):
        return self.buildWithCMake(self.folder / "build", "find_package", f"-DCMAKE_PREFIX_PATH={prefix}")

    def buildWithPkgConfig(self, folder, *options):
        flags = run("pkg-config", *options, "--cflags", "--libs", "duplex", PKG_CONFIG_PATH=str(folder)).split()
        consumer = self.folder / "with_pkg_config"
        run("g++", "-std=c++20", CONSUMER / "consumer.cc", "-o", consumer, *flags)
        return consumer

    def testStaticLibrary(self):
        prefix = self.install(releaseBuild())
        installed = {path.name for path in (prefix / "include" / "duplex").iterdir()}
        self.assertEqual(installed, {path.name for path in (ROOT / "include" / "duplex").iterdir()})
        self.assertEqual([path.name for path in prefix.glob("lib*/*duplex*.*")], ["libduplex.a"])
        with self.subTest("find_package"):
            consumer = self.buildWithFindPackage(prefix)
            self.runs(consumer)
            self.assertFalse([name for name in needed(consumer) if "duplex" in name])
        with self.subTest("pkg-config"):
            self.runs(self.buildWithPkgConfig(prefix / "lib" / "pkgconfig", "--static"))
        with self.subTest("program"):
            self.assertEqual(run(prefix / "bin" / "duplex", "--version"), f"duplex {VERSION}\n")

    def testSharedLibrary(self):
        prefix = self.install(sharedBuild())
        libraries = next(prefix.glob("**/" + SONAME)).parent
        for way, build in (("find_package", lambda: self.buildWithFindPackage(prefix)),
                           ("pkg-config", lambda: self.buildWithPkgConfig(libraries / "pkgconfig"))):
            with self.subTest(way):
                consumer = build()
                self.runs(consumer, LD_LIBRARY_PATH=str(libraries))
                # What duplex itself needs is no concern of its users.
                self.assertEqual([name for name in needed(consumer) if not re.match(r"lib(c|m|gcc_s|stdc\+\+)\.so", name)],
                                 [SONAME])

    def testExportsArePublic(self):
        """All that the public headers declare is exported, and nothing else of duplex's."""
        headers = "".join(path.read_text() for path in sorted((ROOT / "include" / "duplex").glob("*.h")))
        code = re.sub(r"//.*", "", headers)
        names = declarations(code)
        exported = symbols(sharedBuild() / "src" / "libduplex.so", "--dynamic")
        declared = {name for name in symbols(releaseBuild() / "src" / "libduplex.a") if outermost(name) in names}
        self.assertGreater(len(declared), 50)
        self.assertEqual(declared - exported, set(), "declared in a public header without DUPLEX_API")
        self.assertEqual({name for name in exported if outermost(name) not in names}, set())

    def testExportsNothingOfOthers(self):
        """Neither functions nor tables of Boost's or the standard library's, which a program has of its own."""
        listed = run("nm", "--demangle", "--dynamic", "--defined-only", sharedBuild() / "src" / "libduplex.so")
        names = re.findall(r"^\w+ \w (?:(?:typeinfo|typeinfo name|vtable) for )?(.*)$", listed, re.MULTILINE)
        self.assertGreater(len(names), 50)
        self.assertEqual([name for name in names if not name.startswith("duplex::")], [])

    def testPartOfAnotherBuild(self):
        for way in ("add_subdirectory", "FetchContent"):
            with self.subTest(way):
                build = BUILDS / way
                self.runs(self.buildWithCMake(build, way, f"-DDUPLEX_SOURCE={ROOT}"))
                self.assertEqual(list(build.glob("**/*_test")), [])
                run("cmake", "--install", build, "--prefix", self.folder / way)
                self.assertEqual(list((self.folder / way).glob("**/*")), [])

    @unittest.skipUnless(shutil.which("dpkg-shlibdeps"), "needs dpkg-dev")
    def testDebianPackages(self):
        for build in (sharedBuild(), releaseBuild()):
            run("cpack", "--config", build / "CPackConfig.cmake", "-B", self.folder)
        packages = {path.name.split("_")[0]: path for path in self.folder.glob("*.deb")}
        library = "libduplex" + SONAME.removeprefix("libduplex.so.")
        self.assertEqual(set(packages), {"duplex", library, "libduplex-dev"})
        root = self.folder / "root"
        for name, path in packages.items():
            run("dpkg", "-x", path, root)
            self.assertTrue((root / "usr/share/doc" / name / "copyright").is_file(), name)
        self.assertEqual(run("dpkg-deb", "--field", packages["libduplex-dev"], "Depends"), f"{library} (= {VERSION})\n")
        # What dpkg-shlibdeps has found: the packages of what is linked.
        self.assertIn("libssl3", run("dpkg-deb", "--field", packages[library], "Depends"))
        # What it finds for packages of those who link the library.
        self.assertEqual(run("dpkg-deb", "--info", packages[library], "shlibs"),
                         f"libduplex {SONAME.removeprefix('libduplex.so.')} {library} (>= {VERSION})\n")
        self.assertNotIn(library, run("dpkg-deb", "--field", packages["duplex"], "Depends"))

        self.assertEqual(run(root / "usr/bin/duplex", "--version"), f"duplex {VERSION}\n")
        libraries = next(root.glob("usr/lib/*/" + SONAME)).parent
        self.runs(self.buildWithFindPackage(root / "usr"), LD_LIBRARY_PATH=str(libraries))


if __name__ == "__main__":
    unittest.main()
