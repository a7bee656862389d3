"""Pages that stores open and lead back to, and that invited people see; below /install/, outside of any account."""

from django.urls import path

from integrations.views import install, invitations

app_name = "install"
urlpatterns = [
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("invitation/<str:token>/<slug:way>/", invitations.begin, name="invitation_begin"),
    path("<slug:platform>/", install.landing, name="landing"),
    path("<slug:platform>/return/", install.come_back, name="return"),
    path("<slug:platform>/store/<str:key>/", install.store, name="store"),
]
