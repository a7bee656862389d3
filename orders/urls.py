"""Pages below Orders."""

from django.urls import path

from .views import held, order, orders, to_ship

app_name = "orders"

urlpatterns = [
    path("orders/", orders.orders, name="orders"),
    path("orders/bulk/", orders.bulk, name="bulk"),
    path("orders/paste/", orders.paste, name="paste"),
    path("orders/<int:pk>/", order.order, name="order"),
    path("orders/<int:pk>/raw/", order.raw, name="raw"),
    path("orders/<int:pk>/hold/", order.hold, name="hold"),
    path("orders/<int:pk>/holds/<int:hold>/lift/", order.lift, name="lift"),
    path("orders/<int:pk>/address/", order.address, name="address"),
    path("orders/<int:pk>/details/", order.details, name="details"),
    path("orders/<int:pk>/try/", order.try_one, name="try"),
    path("orders/<int:pk>/stop/", order.stop, name="stop"),
    path("orders/<int:pk>/shipments/<int:fulfillment>/void/", order.void, name="void"),
    path("orders/<int:pk>/shipments/<int:fulfillment>/correct/", order.correct, name="correct"),
    path("orders/<int:pk>/shipments/<int:fulfillment>/tell/", order.tell, name="tell"),
    path("held/", held.held, name="held"),
    path("held/group/", held.group, name="group"),
    path("held/map/", held.map_word, name="map"),
    path("held/lift/", held.lift_group, name="lift_group"),
    path("held/worth/", held.worth, name="worth"),
    path("held/keep/", held.keep_group, name="keep_group"),
    path("held/cures/<int:pk>/", held.cure, name="cure"),
    path("held/cures/<int:pk>/undo/", held.undo_cure, name="undo_cure"),
    path("to-ship/", to_ship.to_ship, name="to_ship"),
    path("to-ship/many/", to_ship.many, name="to_ship_many"),
    path("to-ship/<int:pk>/", to_ship.one, name="to_ship_one"),
    path("to-ship/<int:pk>/slip/", to_ship.slip, name="slip"),
    path("to-ship/<int:pk>/take/", to_ship.take, name="to_ship_take"),
    path("to-ship/<int:pk>/ship/", to_ship.ship, name="to_ship_ship"),
    path("to-ship/<int:pk>/refuse/", to_ship.refuse, name="to_ship_refuse"),
    path("to-ship/<int:pk>/stop/", to_ship.stop, name="to_ship_stop"),
    path("to-ship/<int:pk>/change/", to_ship.change, name="to_ship_change"),
]
