# SPDX-License-Identifier: GPL-2.0-or-later
"""Lays out the add-ons of the corpus: the same code as source, as bytecode without source, and compiled."""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
VENDORS = {"corpus_source": None, "corpus_bytecode": "bytecode", "corpus_native": "native"}
CALLER, POOL = "corpus_caller", "corpus_pool"
MANIFEST = """# SPDX-License-Identifier: GPL-2.0-or-later
{{"name": "{name}", "author": "{name} of the tests", "website": "https://{name}.example", "version": "1.0",
 "depends": {depends}, "license": "LGPL-3", "installable": True}}
"""


CYTHON = "usr/lib/python3/dist-packages/Cython"     # in the root of the real Odoo: a newer one than Debian 12 has


class Interpreter:
    """The Python that will load the add-ons: its command, and the root it lives in, if that is another one."""

    def __init__(self, command, root=""):
        self.command, self.root = list(command), root
        self.include, self.suffix = self.ask("include"), self.ask("suffix")

    def ask(self, what, *files):
        """Runs package.py in the interpreter, whatever root that is in."""
        with open(os.path.join(HERE, "package.py"), "rb") as program:
            return subprocess.run([*self.command, "-", what, *(file[len(self.root):] for file in files)], check=True,
                                  stdin=program, stdout=subprocess.PIPE, text=True).stdout.strip()

    def package(self, kind, files):
        if kind == "bytecode":
            self.ask(kind, *files)
        else:
            for file in files:
                self.compile(file)

    def compile(self, file):
        """Cython and the compiler are this machine's; what they make fits the interpreter's headers."""
        stem = file[:-len(".py")]
        addon, module = stem.split("/")[-2:]
        self.quietly([*cython(), "-3", "-X", "binding=True", "--module-name", f"odoo.addons.{addon}.{module}", "-o",
                      stem + ".c", file])
        self.quietly(["gcc", "-shared", "-fPIC", "-O1", "-w", "-I" + self.root + self.include, "-idirafter",
                      self.root + "/usr/include", "-o", stem + self.suffix, stem + ".c"])
        os.unlink(file)
        os.unlink(stem + ".c")

    @staticmethod
    def quietly(command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cython():
    """The newest there is: Debian 12's own does not know Python 3.12 and later."""
    newer = os.path.join(os.environ.get("ODOO_ROOT", "build/odoo-root"), CYTHON)
    if not os.path.isdir(newer):
        return ["cython3"]
    program = ("import sys; sys.path.insert(0, sys.argv.pop(1)); from Cython.Compiler.Main import main; "
               "main(command_line=1)")
    return ["/usr/bin/python3", "-B", "-c", program, os.path.realpath(os.path.dirname(newer))]


def lay_out(folder, name, sources, modules, depends, later=()):
    """`later`: modules that the add-on itself loads only when they are used."""
    addon = os.path.join(folder, name)
    os.makedirs(addon)
    for module in (*modules, *later):
        source = next(path for path in (os.path.join(HERE, part, module + ".py") for part in (*sources, "common"))
                      if os.path.exists(path))
        shutil.copy(source, addon)
    with open(os.path.join(addon, "__init__.py"), "w", encoding="ascii") as file:
        file.write(f"# SPDX-License-Identifier: GPL-2.0-or-later\nfrom . import {', '.join(modules)}\n")
    with open(os.path.join(addon, "__manifest__.py"), "w", encoding="ascii") as file:
        file.write(MANIFEST.format(name=name, depends=depends))
    return addon


def make(folder, interpreter, odoo):
    """All add-ons below `folder`; `odoo`: with what only a real Odoo can load. {kind: why it cannot be had}."""
    shutil.rmtree(folder, ignore_errors=True)
    more = ["models", "controllers"] if odoo else []
    depends, missing = ["web", "bus", "iap"], {}
    lay_out(folder, POOL, ["pool"], ["shared"], [])
    lay_out(folder, CALLER, ["caller"], ["orders", "models", "controllers"] if odoo else ["orders", "calls"], depends)
    for name, kind in VENDORS.items():
        addon = lay_out(folder, name, ["vendor"], ["calls", "orders", *more], depends, ["late"])
        if kind is None:
            continue
        try:
            interpreter.package(kind, [os.path.join(addon, file) for file in sorted(os.listdir(addon))
                                       if not file.startswith("__")])
        except (subprocess.CalledProcessError, FileNotFoundError) as problem:
            shutil.rmtree(addon)
            missing[kind] = f"{os.path.basename(problem.cmd[0])} cannot make it for this interpreter" \
                if isinstance(problem, subprocess.CalledProcessError) else str(problem)
    return missing
