"""Write the exact version of every dependency, transitive ones too, into pyproject.toml; `--check` only compares.

`uv.lock` is not kept, because it names the hosts that packages came from.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SECTION = re.compile(r"constraint-dependencies = \[\n.*?\n\]\n", re.DOTALL)


def main() -> int:
    """Pin, or check the pins."""
    check = "--check" in sys.argv
    subprocess.run(["uv", "lock", "--quiet", *([] if check else ["--upgrade"])], cwd=ROOT, check=True)
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    pins = sorted({_pin(package) for package in packages if "registry" in package["source"]})
    section = "constraint-dependencies = [\n" + "".join(f'  "{pin}",\n' for pin in pins) + "]\n"
    path = ROOT / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    found = SECTION.search(text)
    if check:
        same = found is not None and found[0] == section
        print("every dependency is pinned" if same else "pyproject.toml does not pin what is used: run scripts/pin.py")
        return 0 if same else 1
    path.write_text(
        SECTION.sub(lambda _: section, text) if found else f"{text}\n[tool.uv]\n{section}", encoding="utf-8"
    )
    print(f"{len(pins)} pins")
    return 0


def _pin(package: dict[str, Any]) -> str:
    """Return a requirement; a package with two versions, for two Pythons, has markers."""
    markers = package.get("resolution-markers")
    pin = f"{package['name']}=={package['version']}"
    return f"{pin} ; {' or '.join(f'({marker})' for marker in markers)}".replace('"', "'") if markers else pin


if __name__ == "__main__":
    sys.exit(main())
