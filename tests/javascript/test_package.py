"""The JavaScript client: its tests, its types, and the package as another project gets it."""

import json
import re
from pathlib import Path

import pytest

from tests.docs.javascript import MODULE, client_module
from tests.javascript.node import PACKAGE, manifest, needs_node, run

_USE = """
import { createUpwell, memoryStore, UpwellError } from "@upwell/client";
import { createApi, verifyWebhook } from "@upwell/client/server";
import { droppedFiles } from "@upwell/client/dropped";
import { useUpload } from "@upwell/client/react";

const upwell = createUpwell({ url: "https://upwell.example.com", bucket: "photos", token: async () => "ut_1" });
const running = upwell.upload(new Blob(["x"]), { property: "photo", onProgress: ({ sent, total }) => sent / total });
running.pause();
const { upload_id, object_id }: { upload_id: string; object_id: string | null } = await running;
for (const { file, result, error } of await upwell.uploadAll([new Blob(["y"])])) {
  console.log(file.size, result?.status, error);
}
for await (const event of upwell.events({ types: ["upload.completed"] })) console.log(event.type);
const api = createApi({ url: "https://upwell.example.com", key: "sk_1" });
const { token } = await api.createUploadToken({ body: { bucket: "photos" } });
const { status } = await api.getUploadById({ upload_id });
const finished: boolean = status === "COMPLETED";
await verifyWebhook("{}", {}, "whsec_x").catch((error: unknown) => error instanceof UpwellError && error.code);
// @ts-expect-error a bucket is needed
createUpwell({ url: "https://upwell.example.com", token });
// @ts-expect-error there is no such status
const wrong: boolean = status === "DONE";
export { droppedFiles, finished, memoryStore, object_id, useUpload, wrong };
"""


def test_the_routes_are_those_of_the_document() -> None:
    assert MODULE.read_text(encoding="utf-8") == client_module(), "run: python -m tests.docs.reference"


def test_it_has_no_dependency_and_pins_its_tools() -> None:
    package = manifest()
    assert "dependencies" not in package
    pins = [*package["devDependencies"].values(), *_pins(package["overrides"])]
    assert [pin for pin in pins if not re.fullmatch(r"\d+\.\d+\.\d+(-\w+)?", pin)] == []


@needs_node
def test_every_installed_package_is_pinned() -> None:
    installed = json.loads((PACKAGE / "node_modules" / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    package = manifest()
    pinned = package["devDependencies"] | package["overrides"]
    unpinned = []
    for place, facts in installed.items():
        *above, name = [each.strip("/") for each in place.split("node_modules/") if each]
        pin = pinned.get(above[-1], {}).get(name) if above else pinned.get(name)
        version = pin.get(".") if isinstance(pin, dict) else pin
        if version != facts["version"] and not facts.get("optional"):  # the builds for one platform each
            unpinned.append((place, facts["version"], version))
    assert unpinned == []


@needs_node
def test_its_types_are_strict() -> None:
    run("tsc")


@needs_node
@pytest.mark.parametrize("module", sorted(each.stem for each in (PACKAGE / "test").glob("*.test.js")))
def test_its_own_tests_pass(module: str) -> None:
    run("node", "--test", "--test-timeout=120000", f"test/{module}.js")


@needs_node
def test_the_package_works_in_another_project(tmp_path: Path) -> None:
    tarball = tmp_path / run("npm", "pack", "--silent", "--pack-destination", tmp_path).split()[-1]
    run("publint", "--strict", tarball)
    run("attw", tarball, "--profile", "esm-only")
    project = tmp_path / "project"
    project.mkdir()
    files = {
        "package.json": json.dumps({"type": "module", "dependencies": {"@upwell/client": f"file:{tarball}"}}),
        "tsconfig.json": json.dumps(
            {
                "compilerOptions": {
                    "strict": True,
                    "noEmit": True,
                    "target": "es2022",
                    "module": "nodenext",
                    "lib": ["es2022", "dom", "dom.iterable"],
                    "types": [],
                    "skipLibCheck": False,
                    "paths": {"react": [str(PACKAGE / "node_modules" / "@types" / "react" / "index.d.ts")]},
                },
                "files": ["use.ts"],
            }
        ),
        "use.ts": _USE,
    }
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--offline", "--omit=peer", cwd=project)
    assert sorted(each.name for each in (project / "node_modules").iterdir() if each.name[0] != ".") == ["@upwell"]
    run("tsc", "--project", "tsconfig.json", cwd=project)
    run(
        "node", "--input-type=module", "--eval", "import '@upwell/client'; import '@upwell/client/server';", cwd=project
    )


def _pins(overrides: dict[str, str | dict[str, str]]) -> list[str]:
    return [pin for each in overrides.values() for pin in ([each] if isinstance(each, str) else each.values())]
