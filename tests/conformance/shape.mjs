// Walks an answer against the type that the package declares for it.
//
// The packages declare every field as optional, and say beside each function which of them are always there:
//     getOrder(id): Promise<NonNullablePaths<Order, `number` | `lineItems.${number}._id` | ..., 4>>
// (resolving that type takes the compiler minutes). So the paths are read from the declarations and kept per
// interface, here: Order has number, OrderLineItem has _id. A field that is present must have the declared type.

import { dirname } from "node:path";
import ts from "typescript";

const { TypeFlags } = ts;

/** The types of the rows' answers, and a walk that gives what is wrong with a value, as sentences naming the place. */
export function answerTypes(file) {
  const program = ts.createProgram([file], {
    allowJs: true, checkJs: true, noEmit: true, strict: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const problems = program.getSemanticDiagnostics(source).map((found) => ts.flattenDiagnosticMessageText(found.messageText, "\n"));
  const symbols = new Map(checker.getExportsOfModule(checker.getSymbolAtLocation(source)).map((symbol) => [symbol.name, symbol]));
  const at = (symbol) => checker.getTypeOfSymbolAtLocation(symbol, source);
  const types = new Map();
  for (const row of at(symbols.get("rows")).getProperties()) {
    const run = at(at(row).getProperty("run"));
    types.set(row.name, checker.getAwaitedType(run.getCallSignatures()[0].getReturnType()));
  }
  const promises = new Promises(program, checker);
  return { types, problems, promises, walk: (value, type) => new Walk(checker, source, promises).walk(value, type, "answer") };
}

/** Which fields of an interface are always there. */
class Promises {
  constructor(program, checker) {
    Object.assign(this, { program, checker, fields: new Map(), read: new Set(), count: 0 });
  }

  of(type) {
    for (const declaration of type.symbol?.declarations ?? []) this.readPackage(dirname(declaration.getSourceFile().fileName));
    return this.fields.get(type.symbol) ?? new Set();
  }

  readPackage(folder) {
    if (this.read.has(folder) || !folder.includes("/@wix/")) return;
    this.read.add(folder);
    for (const file of this.program.getSourceFiles()) {
      if (dirname(file.fileName) !== folder) continue;
      for (const statement of file.statements) if (ts.isFunctionDeclaration(statement) && statement.type) this.readType(statement.type);
    }
  }

  readType(node) {
    if (ts.isTypeReferenceNode(node) && node.typeName.getText() === "NonNullablePaths") {
      const [entity, paths] = node.typeArguments;
      const type = this.checker.getTypeFromTypeNode(entity);
      for (const path of ts.isUnionTypeNode(paths) ? paths.types : [paths]) this.keep(type, path.getText().slice(1, -1).split("."));
    } else {
      ts.forEachChild(node, (child) => this.readType(child));
    }
  }

  keep(type, path) {
    const owner = path.slice(0, -1).reduce((parent, name) => parent && this.step(parent, name), type);
    if (!owner?.symbol) return;
    if (!this.fields.has(owner.symbol)) this.fields.set(owner.symbol, new Set());
    this.fields.get(owner.symbol).add(path.at(-1));
    this.count += 1;
  }

  step(type, name) {
    if (name === "${number}") return this.checker.isArrayType(type) ? this.checker.getTypeArguments(type)[0] : undefined;
    const property = type.getProperty(name);
    return property && this.checker.getNonNullableType(this.checker.getTypeOfSymbol(property));
  }
}

class Walk {
  constructor(checker, source, promises) {
    Object.assign(this, { checker, source, promises });
  }

  walk(value, type, path) {
    if (!type || type.flags & (TypeFlags.Any | TypeFlags.Unknown | TypeFlags.TypeParameter)) return [];
    if (type.isUnion()) return this.union(value, type, path);
    const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : Array.isArray(value) ? "a list" : String(value);
    const wrong = (wanted) => [`${path}: ${shown} is not ${wanted}`];
    if (type.isStringLiteral() || type.isNumberLiteral()) return value === type.value ? [] : wrong(JSON.stringify(type.value));
    if (type.flags & TypeFlags.BooleanLiteral) return String(value) === this.checker.typeToString(type) ? [] : wrong("true or false");
    if (type.flags & TypeFlags.StringLike) return typeof value === "string" ? [] : wrong("a text");
    if (type.flags & TypeFlags.NumberLike) return typeof value === "number" ? [] : wrong("a number");
    if (type.flags & (TypeFlags.Undefined | TypeFlags.Null | TypeFlags.Void)) return value == null ? [] : wrong("nothing");
    if (type.flags & TypeFlags.Never) return wrong("allowed");
    if (type.getCallSignatures().length) return typeof value === "function" ? [] : wrong("a function");
    if (type.symbol?.name === "Date") return value instanceof Date && !Number.isNaN(value.getTime()) ? [] : wrong("a date");
    if (this.checker.isArrayType(type)) {
      if (!Array.isArray(value)) return wrong("a list");
      const [item] = this.checker.getTypeArguments(type);
      return value.flatMap((entry, index) => this.walk(entry, item, `${path}.${index}`));
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("an object");
    return this.object(value, type, path);
  }

  union(value, type, path) {
    const tries = type.types.map((member) => this.walk(value, member, path));
    const best = tries.reduce((left, right) => (left.length === 0 || (right.length && left[0].startsWith(`${path}.`)) ? left : right));
    const words = type.types.filter((member) => member.isStringLiteral()).map((member) => member.value);
    if (!best.length || !words.length || typeof value !== "string") return best;
    return [`${path}: ${JSON.stringify(value)} is not one of ${[...new Set(words)].join(", ")}`];
  }

  object(value, type, path) {
    const found = [];
    const parts = type.isIntersection() ? type.types : [type];
    const promised = new Set(parts.flatMap((part) => [...this.promises.of(part)]));
    for (const property of this.checker.getPropertiesOfType(type)) {
      if (property.name.startsWith("__")) continue;
      const wanted = this.checker.getTypeOfSymbolAtLocation(property, this.source);
      const there = value[property.name];
      const needed = promised.has(property.name) || (!(property.flags & ts.SymbolFlags.Optional) && !allows(wanted, TypeFlags.Undefined));
      if (there === undefined || (there === null && promised.has(property.name))) {
        if (needed && !mayBeLeftOut(property)) found.push(`${path}.${property.name}: is promised and missing`);
      } else {
        found.push(...this.walk(there, wanted, `${path}.${property.name}`));
      }
    }
    const index = this.checker.getIndexInfoOfType(type, ts.IndexKind.String);
    if (index) for (const [name, entry] of Object.entries(value)) found.push(...this.walk(entry, index.type, `${path}.${name}`));
    return found;
  }
}

const allows = (type, flag) => Boolean(type.flags & flag) || (type.isUnion() && type.types.some((member) => member.flags & flag));

/** One of several alternatives (the packages declare them in an interface ...OneOf), or deprecated. */
function mayBeLeftOut(property) {
  return (property.declarations ?? []).some((declaration) => {
    if (ts.getJSDocDeprecatedTag(declaration)) return true;
    const owner = declaration.parent;
    if (!ts.isInterfaceDeclaration(owner)) return false;
    const bases = (owner.heritageClauses ?? []).flatMap((clause) => clause.types.map((base) => base.expression.getText()));
    return [owner.name.text, ...bases].some((name) => /OneOf\d*$/.test(name) && declares(owner.getSourceFile(), name, property.name));
  });
}

function declares(file, name, member) {
  const named = (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name;
  return file.statements.some((statement) => named(statement) && statement.members.some((entry) => entry.name?.getText() === member));
}
