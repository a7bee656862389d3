import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

ICONS = settings.BASE_DIR / "fcp/static/vendor/icons"


class Command(BaseCommand):
    help = "Puts the icons that icons.txt names into icons.svg (maintainers; needs the npm package @tabler/icons)."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("package", type=Path, help="Directory of the unpacked npm package @tabler/icons.")

    def handle(self, *args: Any, **options: Any) -> None:
        names = sorted(set((ICONS / "icons.txt").read_text().split()))
        symbols = [symbol(name, options["package"] / "icons/outline" / f"{name}.svg") for name in names]
        sprite = "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""])
        (ICONS / "icons.svg").write_text(sprite)
        (ICONS / "icons.txt").write_text("\n".join(names) + "\n")
        self.stdout.write(f"{len(names)} icons.")


def symbol(name: str, file: Path) -> str:
    """The shapes of one icon; stroke and size come from the page's style."""
    if not file.exists():
        raise CommandError(f"There is no icon {name} in this package.")
    shapes = re.findall(r"<(?:path|circle|rect|line|polyline)[^>]*/>", file.read_text())
    body = "".join(shape for shape in shapes if 'stroke="none"' not in shape)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'
