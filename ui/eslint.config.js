import js from "@eslint/js";
import globals from "globals";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["node_modules/"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "error",
      // Links between pages are ordinary links: there is no router to resolve them.
      "svelte/no-navigation-without-resolve": "off",
      eqeqeq: "error",
      complexity: ["error", 12],
    },
  },
  {
    files: ["src/**/*.ts"],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Without types: each component would cost a new program, a second a piece. svelte-check has them.
    files: ["**/*.svelte", "**/*.svelte.ts"],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: {
      parserOptions: { parser: ts.parser, projectService: false, svelteConfig },
    },
    rules: { "@typescript-eslint/switch-exhaustiveness-check": "off" },
  },
  {
    files: ["*.js", "*.ts"],
    languageOptions: { globals: globals.node },
  },
);
