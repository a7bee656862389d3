from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_save, pre_save

        from inventory.models import Product, Warehouse
        from mappings import outside
        from mappings.signals import ship_method_held
        from orders import causes, curing, following, freed, panel, shipping
        from orders.views import cures, late, late_many

        panel.register()
        outside.provide(
            waiting=causes.waiting_for,
            awaited=freed.awaited,
            held_group=freed.held_group,
            asks_first=late.asks_first,
            asks_after=late_many.asks_after,
            frees=freed.freed_by,
            cured=curing.cured,
            cure_many=curing.cure_many,
            cures=cures.cures_of,
        )
        post_save.connect(shipping.on_warehouse_saved, sender=Warehouse)
        for model in (Product, Warehouse):
            pre_save.connect(following.on_saving, sender=model)
            post_save.connect(following.on_saved, sender=model)
        ship_method_held.connect(following.on_ship_method)
