import stylistic from '@stylistic/eslint-plugin';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The rooms that each room of lib/ may import besides itself (docs/adr/0001-rooms.md). */
const MAY_IMPORT = {
  private: [],
  bundling: ['private'],
  model: ['bundling', 'private'],
  optimization: ['model', 'bundling', 'private'],
  delivery: ['optimization', 'model', 'bundling', 'private'],
  serving: ['optimization', 'model', 'bundling', 'private'],
  endpoint: ['optimization', 'model', 'bundling', 'private'],
  monitor: ['endpoint', 'optimization', 'model', 'bundling', 'private'],
  function: ['endpoint', 'serving', 'optimization', 'model', 'bundling', 'private'],
  api: ['function', 'serving', 'private'],
  replay: ['function', 'endpoint', 'optimization', 'model', 'bundling', 'private'],
  kubernetes: ['replay', 'endpoint', 'serving', 'optimization', 'model', 'bundling', 'private'],
  fleet: ['replay', 'endpoint', 'serving', 'optimization', 'model', 'bundling', 'private'],
};

/** The parts of lib/optimization that each folder in it may import besides itself. */
const MAY_IMPORT_OF_OPTIMIZATION = {
  recipe: [],
  artifact: ['optimization-options.ts'],
  build: ['recipe', 'artifact', 'optimization-options.ts', 'model-optimizer-props.ts'],
};

const zonesOf = (parent, table) => Object.entries(table).map(([room, allowed]) => ({
  target: `${parent}/${room}`,
  from: parent,
  except: [room, ...allowed].map((name) => `./${name}`),
  message: `${parent}/${room} may import only: ${[room, ...allowed].join(', ')}`,
}));

/** Folders of the product and beside it, each with the folders that it may not import. */
const HOUSE = [
  [['lib', 'bin', 'cli', 'examples', 'scripts'], ['lab', 'test']],
  [['lab'], ['test']],
].flatMap(([targets, refused]) => targets.flatMap((target) => refused.map((from) => ({
  target: `./${target}`, from: `./${from}`, message: `${target} may not import ${from}`,
}))));

const zones = [...zonesOf('./lib', MAY_IMPORT), ...zonesOf('./lib/optimization', MAY_IMPORT_OF_OPTIMIZATION)];

export default tseslint.config(
  { ignores: ['**/node_modules/', 'build/', 'dist/', 'cli/dist/', 'cdk.out*/', '.tools/', '.emulator/', '**/*.d.ts', 'test/packages/', 'examples/typescript/'] },
  ...tseslint.configs.recommended,
  {
    plugins: { '@stylistic': stylistic },
    rules: {
      '@stylistic/indent': ['error', 2],
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
      '@stylistic/semi': ['error', 'always'],
      '@stylistic/comma-dangle': ['error', 'always-multiline'],
      '@stylistic/max-len': ['error', { code: 160, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true }],
      '@stylistic/no-trailing-spaces': 'error',
      '@stylistic/eol-last': 'error',
      '@stylistic/object-curly-spacing': ['error', 'always'],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['{lib,bin,cli,test,scripts,lab}/**/*.ts', '{scripts,lab}/**/*.mjs'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mjs', '.js'] })] },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: HOUSE }],
      'import-x/order': ['error', { alphabetize: { order: 'asc' } }],
    },
  },
  {
    files: ['**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }] },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: [...HOUSE, ...zones] }],
      'no-console': 'error',
      'no-restricted-syntax': ['error',
        { selector: 'Literal[value=/^arn:aws:/]', message: 'use Stack.formatArn: the partition is not always aws' },
        { selector: 'TemplateElement[value.raw=/^arn:aws:/]', message: 'use Stack.formatArn: the partition is not always aws' },
        { selector: 'ThrowStatement > NewExpression[callee.name="Error"]', message: 'use failIfAny of lib/private/errors, which names the construct' },
      ],
      'no-restricted-imports': ['error', { paths: ['child_process', 'node:child_process', '@aws-cdk/aws-lambda-python-alpha'].map((name) => ({ name, message: 'only lib/bundling may import it' })) }],
    },
  },
  // Synthesized templates have no useful types.
  { files: ['{test,lab/cluster,lab/e2e,lab/nodes,lab/stand_ins}/**/*.ts', 'lab/*/tests/**/*.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
  { files: ['lib/bundling/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['lib/private/asset-paths.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
