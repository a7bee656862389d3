#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fcp.settings")
    if sys.argv[1:2] == ["new_key"]:  # without its key production does not start, nor with a wrong one
        os.environ |= {"FCP_MODE": "development", "FCP_FIELD_KEYS": ""}
    try:
        import django
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(f"The Python package {error.name} is missing. Run `make run`, or use .venv/bin/python.")
    try:
        settings.INSTALLED_APPS  # noqa: B018  # reads the environment now, so that a wrong value is told in one sentence
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except ModuleNotFoundError as error:
        sys.exit(f"The Python package {error.name} is missing. Run `make run`, or use .venv/bin/python.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
