"""A recipe for Conan 2, which builds the checkout that it lies in: `conan create .`"""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2"
OLDEST_COMPILERS = {"gcc": "12", "clang": "14"}


class Duplex(ConanFile):
    name = "duplex"
    license = "MIT"
    description = "WebSocket and HTTP for C++20: server, client, protocol"
    topics = ("websocket", "http", "server", "client")
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]
    generators = "CMakeDeps", "PkgConfigDeps"
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"
    test_package_folder = os.path.join("tests", "packaging", "conan")

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include", "duplex", "version.h"))
        self.version = re.search(r'^#define DUPLEX_VERSION "(.+)"$', header, re.MULTILINE).group(1)

    def requirements(self):
        self.requires("boost/[>=1.81 <2]")
        self.requires("c-ares/[>=1.18 <2]")
        self.requires("isa-l/[>=2.30 <3]")
        self.requires("liburing/[>=2.3 <3]")
        self.requires("openssl/[>=3 <4]")
        self.requires("simdjson/[>=3 <4]")
        self.requires("zlib/[>=1.2.11 <2]")

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.25 <4]")
        self.tool_requires("pkgconf/[>=2 <3]")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("duplex runs on Linux alone")
        check_min_cppstd(self, 20)
        compiler = str(self.settings.compiler)
        oldest = OLDEST_COMPILERS.get(compiler)
        if oldest and Version(self.settings.compiler.version) < oldest:
            raise ConanInvalidConfiguration(f"duplex needs {compiler} {oldest}, or one that is newer")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("TESTS", "EXAMPLES", "TOOL", "WARNINGS_AS_ERRORS"):
            toolchain.cache_variables[f"DUPLEX_{option}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        # Conan writes these files anew for whoever uses the package, from package_info().
        for folder in (os.path.join("lib", "cmake"), os.path.join("lib", "pkgconfig"), "share"):
            rmdir(self, os.path.join(self.package_folder, folder))

    def package_info(self):
        self.cpp_info.libs = ["duplex"]
        self.cpp_info.set_property("cmake_file_name", "duplex")
        self.cpp_info.set_property("cmake_target_name", "duplex::duplex")
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        self.cpp_info.set_property("pkg_config_name", "duplex")
        self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.requires = ["boost::url", "boost::headers", "c-ares::c-ares", "isa-l::isa-l",
                                  "liburing::liburing", "openssl::ssl", "openssl::crypto", "simdjson::simdjson",
                                  "zlib::zlib"]
