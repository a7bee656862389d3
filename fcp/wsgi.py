"""What a WSGI server imports: `gunicorn fcp.wsgi`, or `python manage.py web`, which does it for you."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fcp.settings")

application = get_wsgi_application()
