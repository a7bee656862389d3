// Every call that the official packages make in the table "Calls seen on the wire" of the Wix notes, and those of the
// connector. `on`: the site that answers it; the other one has to refuse. `http`: what goes over the wire, with ids
// and cursors as {}; a parameter .r and a body are decoded and compared as far as they are written here.

import { appInstances } from "@wix/app-management";
import { locations, siteProperties } from "@wix/business-tools";
import { orderFulfillments, orders } from "@wix/ecom";
import { ApiKeyStrategy, AppStrategy, createClient } from "@wix/sdk";
import { catalogVersioning, inventory, inventoryItemsV3, products, productsV3, readOnlyVariantsV3, storesLocationsV3 } from "@wix/stores";

const modules = {
  appInstances, catalogVersioning, inventory, inventoryItemsV3, locations, orderFulfillments, orders, products, productsV3,
  readOnlyVariantsV3, siteProperties, storesLocationsV3,
};

/** @param {{app_id: string, app_secret: string, public_key: string}} wix @param {string} instanceId */
export const byToken = (wix, instanceId) =>
  createClient({
    modules,
    useCDN: false,
    auth: AppStrategy({ appId: wix.app_id, appSecret: wix.app_secret, publicKey: wix.public_key, instanceId }),
  });

/** @param {{api_key: string}} wix @param {string} siteId */
export const byKey = (wix, siteId) => createClient({ modules, useCDN: false, auth: ApiKeyStrategy({ apiKey: wix.api_key, siteId }) });

/**
 * @typedef {object} Context
 * @property {ReturnType<typeof byToken>} client
 * @property {ReturnType<typeof byKey>} keyed
 * @property {{appId: string, appSecret: string}} app
 * @property {string} instance the signed instance of a page of the app
 * @property {string} order an approved order of at least two units, nothing shipped
 * @property {string} other another one
 * @property {string} third and another
 * @property {string[]} lines the line ids of `order`
 * @property {string[]} otherLines
 * @property {string} product
 * @property {string} variant of that product
 * @property {string} fulfillment made by createFulfillment
 * @property {string} made a product made by createProduct
 * @property {string} revision of it, where it has one
 */

const ALL = [orders.OrderStatus.APPROVED, orders.OrderStatus.CANCELED, orders.OrderStatus.PENDING, orders.OrderStatus.REJECTED];
const EXTRAS = /** @type {const} */ (["CURRENCY", "MERCHANT_DATA", "PLAIN_DESCRIPTION", "URL", "MEDIA_ITEMS_INFO"]);

/** @param {string} name @param {string} code A product of V3 with two variants, each spelled out. */
const shirtV3 = (name, code) => {
  const choices = ["S", "L"].map((size) => ({ choiceType: /** @type {const} */ ("CHOICE_TEXT"), name: size }));
  const variants = ["S", "L"].map((size) => ({
    sku: `${code}-${size}`,
    visible: true,
    price: { actualPrice: { amount: "12.50" } },
    physicalProperties: {},
    choices: [{ optionChoiceNames: { optionName: "Size", choiceName: size, renderType: /** @type {const} */ ("TEXT_CHOICES") } }],
  }));
  return {
    name,
    productType: /** @type {const} */ ("PHYSICAL"),
    physicalProperties: {},
    options: [{ name: "Size", optionRenderType: /** @type {const} */ ("TEXT_CHOICES"), choicesSettings: { choices } }],
    variantsInfo: { variants },
  };
};

export const rows = {
  getAuthHeaders: {
    on: "both",
    http: { method: "POST", path: "/oauth2/token", body: { grant_type: "client_credentials" } },
    run: (/** @type {Context} */ c) => c.client.auth.getAuthHeaders(),
  },
  getTokenInfo: {
    on: "both",
    http: { method: "POST", path: "/oauth2/token-info" },
    run: async (/** @type {Context} */ c) => {
      const { headers } = await c.client.auth.getAuthHeaders();
      return AppStrategy({ ...c.app, accessToken: headers.Authorization }).getTokenInfo();
    },
  },
  getTokenInfoOfInstance: {
    on: "both",
    http: { method: "POST", path: "/oauth2/token-info" },
    run: (/** @type {Context} */ c) => AppStrategy({ ...c.app, accessToken: c.instance }).getTokenInfo(),
  },
  elevated: {
    on: "both",
    http: { method: "POST", path: "/oauth2/token", body: { grant_type: "client_credentials" } },
    run: async (/** @type {Context} */ c) => {
      const auth = await AppStrategy({ ...c.app, accessToken: c.instance }).elevated();
      return createClient({ modules, useCDN: false, auth }).auth.getAuthHeaders();
    },
  },
  getCatalogVersion: {
    on: "both",
    http: { method: "GET", path: "/stores/v3/provision/version" },
    run: (/** @type {Context} */ c) => c.client.catalogVersioning.getCatalogVersion(),
  },
  getAppInstance: {
    on: "both",
    http: { method: "GET", path: "/apps/v1/instance" },
    run: (/** @type {Context} */ c) => c.client.appInstances.getAppInstance(),
  },
  getSitePropertiesWithApiKey: {
    on: "both",
    http: { method: "GET", path: "/site-properties/v4/properties" },
    run: async (/** @type {Context} */ c) => {
      const found = await c.keyed.siteProperties.getSiteProperties();
      if (!found.properties?.siteDisplayName || !found.properties.timeZone) throw new Error("the site has no name or no time zone");
      return found;
    },
  },
  searchOrders: {
    on: "both",
    http: {
      method: "POST",
      path: "/ecom/v1/orders/search",
      body: { search: { filter: { status: { $in: ALL } }, sort: [{ fieldName: "updatedDate", order: "ASC" }], cursorPaging: { limit: 100 } } },
    },
    run: (/** @type {Context} */ c) =>
      c.client.orders.searchOrders({
        filter: { status: { $in: ALL } },
        sort: [{ fieldName: "_updatedDate", order: "ASC" }],
        cursorPaging: { limit: 100 },
      }),
  },
  searchOrdersNextPage: {
    on: "both",
    http: { method: "POST", path: "/ecom/v1/orders/search", body: { search: { cursorPaging: { limit: 5 } } } },
    run: async (/** @type {Context} */ c) => {
      const first = await c.client.orders.searchOrders({ filter: { status: { $in: ALL } }, cursorPaging: { limit: 5 } });
      const cursor = first.metadata?.cursors?.next ?? undefined;
      const next = await c.client.orders.searchOrders({ cursorPaging: { limit: 5, cursor } });
      const seen = new Set(first.orders?.map((order) => order._id));
      const twice = next.orders?.some((order) => seen.has(order._id));
      if (next.orders?.length !== 5 || twice) throw new Error("the next page is not the next page");
      return next;
    },
  },
  searchOrdersWithApiKey: {
    on: "both",
    http: { method: "POST", path: "/ecom/v1/orders/search", body: { search: { cursorPaging: { limit: 3 } } } },
    run: (/** @type {Context} */ c) => c.keyed.orders.searchOrders({ cursorPaging: { limit: 3 } }),
  },
  getOrder: {
    on: "both",
    http: { method: "GET", path: "/ecom/v1/orders/{}?id={}" },
    run: (/** @type {Context} */ c) => c.client.orders.getOrder(c.order),
  },
  createFulfillment: {
    on: "both",
    http: {
      method: "POST",
      path: "/ecom/v1/fulfillments/orders/{}/create-fulfillment",
      body: { fulfillment: { trackingInfo: { shippingProvider: "ups" } } },
    },
    run: async (/** @type {Context} */ c) => {
      const made = await c.client.orderFulfillments.createFulfillment(c.order, {
        lineItems: [{ _id: c.lines[0], quantity: 1 }],
        trackingInfo: { trackingNumber: "1Z999", shippingProvider: "ups" },
        status: "Fulfilled",
      });
      c.fulfillment = made.fulfillmentId ?? "";
      return made;
    },
  },
  listFulfillmentsForSingleOrder: {
    on: "both",
    http: { method: "GET", path: "/ecom/v1/fulfillments/orders/{}?orderId={}" },
    run: (/** @type {Context} */ c) => c.client.orderFulfillments.listFulfillmentsForSingleOrder(c.order),
  },
  listFulfillmentsForMultipleOrders: {
    on: "both",
    http: { method: "POST", path: "/ecom/v1/fulfillments/list-by-ids" },
    run: (/** @type {Context} */ c) => c.client.orderFulfillments.listFulfillmentsForMultipleOrders([c.order, c.other]),
  },
  updateFulfillment: {
    on: "both",
    http: {
      method: "PATCH",
      path: "/ecom/v1/fulfillments/{}/orders/{}",
      body: { fulfillment: { trackingInfo: { trackingNumber: "AB1" } } },
    },
    run: (/** @type {Context} */ c) =>
      c.client.orderFulfillments.updateFulfillment(
        { orderId: c.order, fulfillmentId: c.fulfillment },
        {
          fulfillment: {
            trackingInfo: { trackingNumber: "AB1", shippingProvider: "PostNord", trackingLink: "https://tracking.example/AB1" },
          },
        },
      ),
  },
  getPartlyFulfilledOrder: {
    on: "both",
    http: { method: "GET", path: "/ecom/v1/orders/{}?id={}" },
    run: async (/** @type {Context} */ c) => {
      const order = await c.client.orders.getOrder(c.order);
      if (order.fulfillmentStatus !== "PARTIALLY_FULFILLED") throw new Error(`fulfillmentStatus is ${order.fulfillmentStatus}`);
      return order;
    },
  },
  deleteFulfillment: {
    on: "both",
    http: { method: "DELETE", path: "/ecom/v1/fulfillments/{}/orders/{}?fulfillmentId={}&orderId={}" },
    run: (/** @type {Context} */ c) =>
      c.client.orderFulfillments.deleteFulfillment({ orderId: c.order, fulfillmentId: c.fulfillment }),
  },
  bulkCreateFulfillments: {
    on: "both",
    http: { method: "POST", path: "/ecom/v1/fulfillments/orders/bulk/create-fulfillments" },
    run: async (/** @type {Context} */ c) => {
      const tracking = { trackingNumber: "1Z1000", shippingProvider: "dhl" };
      const done = await c.client.orderFulfillments.bulkCreateFulfillments([
        { orderId: c.order, fulfillments: [{ lineItems: c.lines.map((_id) => ({ _id })), trackingInfo: tracking }] },
        { orderId: c.other, fulfillments: [{ lineItems: [{ _id: c.otherLines[0], quantity: 99999 }], trackingInfo: tracking }] },
      ]);
      const good = done.results?.map((result) => result.itemMetadata?.success);
      if (String(good) !== "true,false") throw new Error(`successes ${good}`);
      return done;
    },
  },
  updateOrder: {
    on: "both",
    http: { method: "PATCH", path: "/ecom/v1/orders/{}", body: { order: { archived: true } } },
    run: (/** @type {Context} */ c) => c.client.orders.updateOrder(c.other, { archived: true, buyerInfo: { email: "new@example.com" } }),
  },
  cancelOrder: {
    on: "both",
    http: { method: "POST", path: "/ecom/v1/orders/{}/cancel" },
    run: (/** @type {Context} */ c) => c.client.orders.cancelOrder(c.third, { restockAllItems: true }),
  },
  queryLocations: {
    on: "both",
    http: { method: "POST", path: "/locations/v1/locations/query", body: { query: { filter: {}, paging: { limit: 50, offset: 0 } } } },
    run: (/** @type {Context} */ c) => c.client.locations.queryLocations().limit(50).find(),
  },
  queryStoresLocations: {
    on: "both",
    http: { method: "POST", path: "/stores/v3/locations/query", body: { query: { filter: {}, cursorPaging: { limit: 50 } } } },
    run: (/** @type {Context} */ c) => c.client.storesLocationsV3.queryStoresLocations().find(),
  },

  // Catalogue V1.
  queryProducts: {
    on: "v1",
    http: {
      method: "GET",
      path: "/stores-reader/v1/products/query-platformized",
      r: { query: { filter: {}, paging: { limit: 10, offset: 0 }, sort: [{ fieldName: "numericId", order: "ASC" }] } },
    },
    run: (/** @type {Context} */ c) => c.client.products.queryProducts().ascending("numericId").limit(10).find(),
  },
  getProduct: {
    on: "v1",
    http: { method: "GET", path: "/stores-reader/v1/products/{}?id={}" },
    run: (/** @type {Context} */ c) => c.client.products.getProduct(c.product),
  },
  queryProductVariants: {
    on: "v1",
    http: { method: "POST", path: "/stores-reader/v1/products/{}/variants/query" },
    run: (/** @type {Context} */ c) => c.client.products.queryProductVariants(c.product, {}),
  },
  queryStoreVariants: {
    on: "v1",
    http: { method: "POST", path: "/stores-reader/v1/variants/query" },
    run: (/** @type {Context} */ c) => c.client.products.queryStoreVariants({ paging: { limit: 5 } }),
  },
  queryInventory: {
    on: "v1",
    http: { method: "POST", path: "/stores-reader/v2/inventoryItems/query", body: { query: { paging: { limit: 5, offset: 0 } } } },
    run: (/** @type {Context} */ c) => c.client.inventory.queryInventory({ query: { paging: { limit: 5, offset: 0 } } }),
  },
  queryInventoryOfProducts: {
    on: "v1",
    http: { method: "POST", path: "/stores-reader/v2/inventoryItems/query" },
    run: async (/** @type {Context} */ c) => {
      const filter = JSON.stringify({ productId: { $hasSome: [c.product] } });
      const found = await c.client.inventory.queryInventory({ query: { filter } });
      if (found.inventoryItems?.length !== 1 || found.inventoryItems[0].productId !== c.product) throw new Error("another product's stock");
      return found;
    },
  },
  updateInventoryVariants: {
    on: "v1",
    http: { method: "PATCH", path: "/stores/v2/inventoryItems/product/{}", body: { inventoryItem: { trackQuantity: true } } },
    run: (/** @type {Context} */ c) =>
      c.client.inventory.updateInventoryVariants(c.product, { trackQuantity: true, variants: [{ variantId: c.variant, quantity: 12 }] }),
  },
  incrementInventory: {
    on: "v1",
    http: { method: "POST", path: "/stores/v2/inventoryItems/increment" },
    run: (/** @type {Context} */ c) =>
      c.client.inventory.incrementInventory([{ productId: c.product, variantId: c.variant, incrementBy: 3 }]),
  },
  decrementInventory: {
    on: "v1",
    http: { method: "POST", path: "/stores/v2/inventoryItems/decrement" },
    run: (/** @type {Context} */ c) =>
      c.client.inventory.decrementInventory([{ productId: c.product, variantId: c.variant, decrementBy: 5 }]),
  },
  createProduct: {
    on: "v1",
    http: { method: "POST", path: "/stores/v1/products", body: { product: { name: "Shirt", manageVariants: true } } },
    run: async (/** @type {Context} */ c) => {
      const choices = ["S", "L"].map((size) => ({ value: size, description: size }));
      const options = { manageVariants: true, productOptions: [{ name: "Size", choices }] };
      const made = await c.client.products.createProduct({
        name: "Shirt",
        productType: products.ProductType.physical,
        priceData: { price: 12.5 },
        ...options,
      });
      c.made = made.product?._id ?? "";
      if (made.product?.variants?.length !== 2) throw new Error("not every combination became a variant");
      return made;
    },
  },
  updateProduct: {
    on: "v1",
    http: { method: "PATCH", path: "/stores/v1/products/{}", body: { product: { name: "Long shirt" } } },
    run: async (/** @type {Context} */ c) => {
      const done = await c.client.products.updateProduct(c.made, { name: "Long shirt" });
      if (done.product?.name !== "Long shirt") throw new Error("the name was not taken");
      return done;
    },
  },
  updateProductVariants: {
    on: "v1",
    http: { method: "PATCH", path: "/stores/v1/products/{}/variants" },
    run: async (/** @type {Context} */ c) => {
      const done = await c.client.products.updateProductVariants(c.made, [
        { choices: { Size: "S" }, sku: "SH-S", price: 9, visible: true },
        { choices: { Size: "L" }, sku: "", visible: false },
      ]);
      const found = done.variants?.map(({ variant }) => [variant?.sku, variant?.visible].join());
      if (String(found) !== "SH-S,true,,false") throw new Error(`other variants: ${found}`);
      return done;
    },
  },
  queryProductsById: {
    on: "v1",
    http: { method: "GET", path: "/stores-reader/v1/products/query-platformized" },
    run: async (/** @type {Context} */ c) => {
      const found = await c.client.products.queryProducts().in("_id", [c.made]).find();
      if (found.items.length !== 1 || found.items[0]._id !== c.made) throw new Error("another product");
      return found;
    },
  },

  // Catalogue V3.
  queryProductsV3: {
    on: "v3",
    http: { method: "GET", path: "/stores/v3/products/query", r: { fields: EXTRAS, query: { cursorPaging: { limit: 5 } } } },
    run: (/** @type {Context} */ c) => c.client.productsV3.queryProducts({ fields: [...EXTRAS] }).limit(5).find(),
  },
  searchProductsV3: {
    on: "v3",
    http: { method: "GET", path: "/stores/v3/products/search" },
    run: (/** @type {Context} */ c) => c.client.productsV3.searchProducts({ cursorPaging: { limit: 5 } }),
  },
  getProductV3: {
    on: "v3",
    http: { method: "GET", path: "/stores/v3/products/{}?productId={}&fields=MERCHANT_DATA" },
    run: (/** @type {Context} */ c) => c.client.productsV3.getProduct(c.product, { fields: ["MERCHANT_DATA"] }),
  },
  createProductV3: {
    on: "v3",
    http: { method: "POST", path: "/stores/v3/products", body: { product: { name: "Shirt", productType: "PHYSICAL" } } },
    run: async (/** @type {Context} */ c) => {
      const made = await c.client.productsV3.createProduct(shirtV3("Shirt", "SH"));
      c.made = made._id ?? "";
      c.revision = made.revision ?? "";
      if (made.variantsInfo?.variants?.length !== 2) throw new Error("not the variants that were spelled out");
      return made;
    },
  },
  updateProductV3: {
    on: "v3",
    http: { method: "PATCH", path: "/stores/v3/products/{}", body: { product: { revision: "1" } } },
    run: async (/** @type {Context} */ c) => {
      const done = await c.client.productsV3.updateProduct(c.made, { name: "Long shirt", revision: c.revision });
      if (done.name !== "Long shirt" || done.revision === c.revision) throw new Error("the name was not taken");
      const stale = await c.client.productsV3.updateProduct(c.made, { name: "Other", revision: c.revision }).catch((error) => error);
      if (!(stale instanceof Error)) throw new Error("a stale revision was taken");
      return done;
    },
  },
  bulkUpdateProductsV3: {
    on: "v3",
    http: { method: "POST", path: "/stores/v3/bulk/products/update", body: { returnEntity: true } },
    run: async (/** @type {Context} */ c) => {
      const changes = ["2", "1"].map((revision) => ({ product: { _id: c.made, revision, name: "Very long shirt" } }));
      const done = await c.client.productsV3.bulkUpdateProducts(changes, { returnEntity: true });
      const good = done.results?.map((result) => result.itemMetadata?.success);
      if (String(good) !== "true,false") throw new Error(`the stale revision was taken: ${good}`);
      return done;
    },
  },
  bulkCreateProductsV3: {
    on: "v3",
    http: { method: "POST", path: "/stores/v3/bulk/products/create", body: { returnEntity: true } },
    run: async (/** @type {Context} */ c) => {
      const wanted = [shirtV3("Vest", "VE"), shirtV3("Coat", "SH")]; // the SKUs of the second are taken
      const made = await c.client.productsV3.bulkCreateProducts(wanted, { returnEntity: true });
      const good = made.results?.map((result) => result.itemMetadata?.success);
      if (String(good) !== "true,false") throw new Error(`a SKU was taken twice: ${good}`);
      return made;
    },
  },
  queryVariantsV3: {
    on: "v3",
    http: { method: "POST", path: "/stores/v3/products/query-variants" },
    run: (/** @type {Context} */ c) => c.client.readOnlyVariantsV3.queryVariants().limit(5).find(),
  },
  queryInventoryItems: {
    on: "v3",
    http: { method: "GET", path: "/stores/v3/inventory-items/query", r: { query: { filter: { trackQuantity: true }, cursorPaging: { limit: 2 } } } },
    run: (/** @type {Context} */ c) => c.client.inventoryItemsV3.queryInventoryItems().eq("trackQuantity", true).limit(2).find(),
  },
  queryInventoryItemsNextPage: {
    on: "v3",
    http: { method: "GET", path: "/stores/v3/inventory-items/query", r: { query: { cursorPaging: { limit: 2 } } } },
    run: async (/** @type {Context} */ c) => {
      const first = await c.client.inventoryItemsV3.queryInventoryItems().eq("trackQuantity", true).limit(2).find();
      const next = await first.next();
      if (next.items.length !== 2 || next.items[0]._id === first.items[0]._id) throw new Error("the next page is not the next page");
      return next;
    },
  },
  queryInventoryItemsBySku: {
    on: "v3",
    http: { method: "GET", path: "/stores/v3/inventory-items/query" },
    run: async (/** @type {Context} */ c) => {
      const found = await c.client.inventoryItemsV3.queryInventoryItems().in("product.variantSku", ["NC-LID", "NC-CARE"]).find();
      if (found.items.length !== 2) throw new Error(`${found.items.length} items for two SKUs`);
      return found;
    },
  },
  bulkUpdateInventoryItems: {
    on: "v3",
    http: { method: "POST", path: "/stores/v3/bulk/inventory-items/update", body: { returnEntity: true, reason: "MANUAL" } },
    run: async (/** @type {Context} */ c) => {
      const { items } = await c.client.inventoryItemsV3.queryInventoryItems().eq("trackQuantity", true).limit(2).find();
      const changes = items.map((item, index) => ({
        inventoryItem: { _id: item._id ?? "", revision: index ? "999" : item.revision, quantity: 7 },
      }));
      const done = await c.client.inventoryItemsV3.bulkUpdateInventoryItems(changes, { returnEntity: true, reason: "MANUAL" });
      const good = done.results?.map((result) => result.itemMetadata?.success);
      if (String(good) !== "true,false") throw new Error(`the stale revision was taken: ${good}`);
      return done;
    },
  },
  bulkCreateInventoryItems: {
    on: "v3",
    http: { method: "POST", path: "/stores/v3/bulk/inventory-items/create", body: { returnEntity: true } },
    run: async (/** @type {Context} */ c) => {
      const places = await c.client.storesLocationsV3.queryStoresLocations().eq("defaultLocation", false).find();
      const wanted = { productId: c.product, variantId: c.variant, locationId: places.items[0]._id, quantity: 4 };
      const made = await c.client.inventoryItemsV3.bulkCreateInventoryItems([wanted], { returnEntity: true });
      if (made.results?.[0].item?.quantity !== 4) throw new Error("the quantity was not taken");
      return made;
    },
  },
};

export const refusals = {
  unknownOrder: {
    code: "ORDER_NOT_FOUND",
    run: (/** @type {Context} */ c) => c.client.orders.getOrder("00000000-0000-4000-8000-000000000000"),
  },
  trackingNumberTwice: {
    code: "TRACKING_NUMBER_ALREADY_EXISTS",
    run: async (/** @type {Context} */ c) => {
      const order = c.order;
      const tracking = { trackingNumber: "TWICE", shippingProvider: "ups" };
      await c.client.orderFulfillments.createFulfillment(order, { lineItems: [{ _id: c.lines[0], quantity: 1 }], trackingInfo: tracking });
      return c.client.orderFulfillments.createFulfillment(order, { lineItems: [{ _id: c.lines[0], quantity: 1 }], trackingInfo: tracking });
    },
  },
};
