"""Makes of infra/template.yaml what `sam local` takes, of binaries that are built already.

python built.py --functions target/lambda --out target/sam
sam local invoke --template target/sam/template.yaml CheckSiretFunction -e events/check-siret.json
"""

import argparse
import json
import os
import platform
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from translated import TEMPLATE, source  # noqa: E402


def write(functions: Path, out: Path) -> Path:
    """A template whose code is in folders beside it: `<out>/<LogicalId>/bootstrap`."""
    template = source()
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    template["Parameters"]["Architecture"]["Default"] = architecture
    template["Parameters"]["MailDomain"]["Default"] = "sesame.example"
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            crate = Path(resource["Properties"]["CodeUri"]).stem
            folder = out / name
            folder.mkdir(parents=True, exist_ok=True)
            binary = functions / crate / "bootstrap"
            target = folder / "bootstrap"
            target.unlink(missing_ok=True)
            try:
                os.link(binary, target)
            except OSError:
                shutil.copy2(binary, target)
            target.chmod(0o755)
            resource["Properties"]["CodeUri"] = name
        elif resource["Type"] == "AWS::ApiGatewayV2::Integration":
            # It loses routes to an alias: here they lead to the function behind it.
            alias = resource["Properties"]["IntegrationUri"]["Ref"]
            resource["Properties"]["IntegrationUri"] = {
                "Fn::GetAtt": [alias.removesuffix("Live") + "Function", "Arn"]
            }
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = str(
                TEMPLATE.parent / resource["Properties"]["TemplateURL"]
            )
    written = out / "template.yaml"
    # JSON is YAML.
    written.write_text(json.dumps(template, indent=1))
    return written


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(write(given.functions, given.out))


if __name__ == "__main__":
    main()
