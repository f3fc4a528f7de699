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


class Interpreter:
    """The Python that will load the add-ons: its command, and how it calls the folder we call `outside`."""

    def __init__(self, command, cython, outside="", inside=""):
        self.command, self.cython, self.outside, self.inside = list(command), list(cython), outside, inside

    def path(self, path):
        return self.inside + path[len(self.outside):] if self.outside else path

    def run(self, command, **options):
        """In the root the interpreter lives in: its command may begin with a chroot."""
        return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)

    def package(self, kind, files):
        inside = [self.path(file) for file in files]
        if kind == "native":
            for file in inside:
                addon, module = file[:-len(".py")].split("/")[-2:]
                self.run([*self.cython, "-3", "-X", "binding=True", "--module-name", f"odoo.addons.{addon}.{module}",
                          "-o", file[:-len("py")] + "c", file], stderr=subprocess.DEVNULL)
        with open(os.path.join(HERE, "package.py"), "rb") as program:
            self.run([*self.command, "-", kind, *inside], stdin=program)


def lay_out(folder, name, sources, modules, depends):
    addon = os.path.join(folder, name)
    os.makedirs(addon)
    for module in modules:
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
        addon = lay_out(folder, name, ["vendor"], ["calls", "orders", *more], depends)
        if kind is None:
            continue
        try:
            interpreter.package(kind, [os.path.join(addon, file) for file in sorted(os.listdir(addon))
                                       if not file.startswith("__")])
        except (subprocess.CalledProcessError, FileNotFoundError) as problem:
            shutil.rmtree(addon)
            missing[kind] = f"{os.path.basename(problem.args[1][0]) if problem.args[1:] else 'cython'} failed"
    return missing
