/**
 * Lint rules about what code may reach without being given it: the runtime, the clock, chance,
 * and state that outlives a store. All three make a run impossible to repeat from its seed.
 *
 * @module
 */

import { isLibrary, projectPath } from "./layers.ts";

/** Inputs and timers that only `src/time/` may touch, with what to use instead. */
const inputs: Readonly<Record<string, string>> = {
  "Date.now": "Take a Clock",
  "Math.random": "Take a Random",
  "AbortSignal.timeout": "Take an Alarm",
  crypto: "Take a Random",
  performance: "Take a Clock",
  Temporal: "Take a Clock",
  setTimeout: "Take an Alarm",
  setInterval: "Take an Alarm",
  setImmediate: "Take Time and call defer()",
  clearTimeout: "Take an Alarm",
  clearInterval: "Take an Alarm",
  clearImmediate: "Take Time and call defer()",
  MessageChannel: "Take Time and call defer()",
};

/** What the platform prints, wherever it is found. */
const warnings: readonly string[] = ["emitWarning", "reportError"];

const runtimes: readonly string[] = ["Deno", "Bun"];

/** Constructors whose instances can be changed by whoever holds them. */
const mutable = /^(Weak)?(Map|Set)$|^(Array|ArrayBuffer|SharedArrayBuffer|DataView)$|Array$/;

/** Whether an identifier stands for a value of that name, as opposed to a property or a type. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as Deno.lint.Node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed;
    case "Property":
      return parent.value === node || parent.computed;
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent.value === node || parent.computed;
    default:
      return !/^(TS|ImportSpecifier|ExportSpecifier)/.test(parent.type);
  }
}

/** `Date.now`, also when it is written `globalThis.Date.now` or `Date["now"]`. */
function memberName(node: Deno.lint.MemberExpression): string | undefined {
  const owner = node.object.type === "Identifier"
    ? node.object.name
    : node.object.type === "MemberExpression"
    ? memberName(node.object)
    : undefined;
  const key = node.property.type === "Identifier" && !node.computed
    ? node.property.name
    : node.property.type === "Literal"
    ? String(node.property.value)
    : undefined;
  if (owner === undefined || key === undefined) return undefined;
  return owner === "globalThis" ? key : `${owner}.${key}`;
}

/** Whether a module-level `const` holds something that can be changed. */
function isMutable(declarator: Deno.lint.VariableDeclarator): boolean {
  const annotation = declarator.id.type === "Identifier"
    ? declarator.id.typeAnnotation?.typeAnnotation
    : undefined;
  if (annotation?.type === "TSTypeOperator" && annotation.operator === "readonly") return false;
  if (
    annotation?.type === "TSTypeReference" && annotation.typeName.type === "Identifier" &&
    annotation.typeName.name.startsWith("Readonly")
  ) return false;
  const value = declarator.init;
  if (value?.type === "NewExpression") {
    return value.callee.type === "Identifier" && mutable.test(value.callee.name);
  }
  // A literal that starts empty is there to be filled.
  if (value?.type === "ArrayExpression") return value.elements.length === 0;
  return value?.type === "ObjectExpression" && value.properties.length === 0;
}

/** `ambient/runtime`, `ambient/inputs`, `ambient/output` and `ambient/state`. */
const plugin: Deno.lint.Plugin = {
  name: "ambient",
  rules: {
    runtime: {
      create(context) {
        const path = projectPath(context.filename);
        const concerned = isLibrary(path) || path.startsWith("examples/") ||
          (path.startsWith("tests/") && path !== "tests/harness.ts" &&
            !path.startsWith("tests/lint/"));
        if (!concerned) return {};
        const report = (node: Deno.lint.Node, name: string): void =>
          context.report({
            node,
            message: `${name} exists on one runtime only`,
            hint: path.startsWith("tests/")
              ? "Use tests/harness.ts, or an API that all three runtimes have."
              : "Use an API that all three runtimes have; in src/ the machine is reached through files/ and time/.",
          });
        return {
          Identifier(node) {
            if (runtimes.includes(node.name) && isReference(node)) report(node, node.name);
          },
          MemberExpression(node) {
            const name = memberName(node) ?? "";
            if (runtimes.includes(name)) report(node, name);
          },
          BinaryExpression(node) {
            if (node.operator !== "in" || node.left.type !== "Literal") return;
            const name = String(node.left.value);
            if (runtimes.includes(name)) report(node, name);
          },
        };
      },
    },
    inputs: {
      create(context) {
        const path = projectPath(context.filename);
        if (!isLibrary(path) || path.startsWith("src/time/")) return {};
        const report = (node: Deno.lint.Node, name: string, instead: string): void =>
          context.report({
            node,
            message: `${name} is a hidden input`,
            hint: `${instead} from src/time/ as an argument, so that a run repeats from its seed.`,
          });
        const reportIfInput = (node: Deno.lint.Node, name: string): void => {
          const instead = inputs[name];
          if (instead !== undefined) report(node, name, instead);
        };
        const isDate = (node: Deno.lint.Expression): boolean =>
          node.type === "Identifier" && node.name === "Date";
        return {
          Identifier(node) {
            if (isReference(node)) reportIfInput(node, node.name);
          },
          MemberExpression(node) {
            reportIfInput(node, memberName(node) ?? "");
          },
          NewExpression(node) {
            if (isDate(node.callee) && node.arguments.length === 0) {
              report(node, "new Date()", "Take a Clock");
            }
          },
          CallExpression(node) {
            if (isDate(node.callee)) report(node, "Date()", "Take a Clock");
          },
        };
      },
    },
    // The rule no-console of the linter would silence the examples as well, which are there to print.
    output: {
      create(context) {
        const path = projectPath(context.filename);
        if (!isLibrary(path)) return {};
        return {
          Identifier(node) {
            const isOutput = node.name === "console" && isReference(node) ||
              warnings.includes(node.name) && path !== "src/workflow/warning.ts";
            if (!isOutput) return;
            context.report({
              node,
              message: "The library prints",
              hint:
                "Return it or throw it: what is shown, and where, is up to the application. What reaches nobody else goes through src/workflow/warning.ts.",
            });
          },
        };
      },
    },
    state: {
      create(context) {
        if (!isLibrary(projectPath(context.filename))) return {};
        const report = (node: Deno.lint.Node): void =>
          context.report({
            node,
            message: "State that lives as long as the module",
            hint:
              "Two stores in one process would share it. Put it into the object that owns it; a constant table needs a Readonly type.",
          });
        const declaration = (node: Deno.lint.Node): void => {
          if (node.type !== "VariableDeclaration") return;
          if (node.declare) return;
          if (node.kind !== "const") return report(node);
          for (const declarator of node.declarations) {
            if (isMutable(declarator)) report(declarator);
          }
        };
        return {
          "Program > VariableDeclaration": declaration,
          "Program > ExportNamedDeclaration > VariableDeclaration": declaration,
          PropertyDefinition(node) {
            if (node.static && !node.readonly) report(node);
          },
        };
      },
    },
  },
};

export default plugin;
