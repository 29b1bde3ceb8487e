import type { Tablet } from '../../scripts/api/translations';
import { translated } from '../../scripts/api/translations';

const example = 'new Model(this, \'M\', { vpc });';
const tablet: Tablet = {
  snippets: {
    other: { translations: { $: { source: 'other();' }, python: { source: 'other()' } } },
    one: {
      translations: {
        $: { source: `${example}\n` },
        python: { source: 'Model(self, "M", vpc=vpc)' },
        java: { source: 'Model.Builder.create(this, "M").vpc(vpc).build();' },
        go: { source: 'import "github.com/aws/aws-cdk-go/awscdk"\n\nvar vpc IVpc\n\napp := awscdk.NewApp()\nawscdk.NewStack(app, jsii.String("S"))\ncdktensorflow.NewModel(this, jsii.String("M"), &ModelProps{\n\tVpc: Vpc,\n})' },
      },
    },
  },
};
const page = (between: string, begin = '<!-- in other languages -->') =>
  `\`\`\`ts\nother();\n\`\`\`\n\ntext\n\n\`\`\`ts\n${example}\n\`\`\`\n\n${begin}${between}<!-- end of other languages -->\n\nmore\n`;

describe('examples in other languages', () => {
  test('replace the text between the marks, below their example', () => {
    const text = translated(page('\nold\n'), tablet);

    expect(text).not.toContain('old');
    expect(text).toContain('<details><summary>Python</summary>\n\n```python\nModel(self, "M", vpc=vpc)\n```\n\n</details>');
    expect(text).toContain('```java\nModel.Builder.create(this, "M").vpc(vpc).build();\n```');
    expect(text).toMatch(/^```ts\nother\(\);\n```\n\ntext\n\n```ts\nnew Model[^]*\n\nmore\n$/);
  });

  test('stay unchanged when they are generated again', () => {
    const once = translated(page('\n'), tablet);
    expect(translated(once, tablet)).toBe(once);
  });

  test('have the parts that rosetta omits in Go: the version of imports, the package of structs, variables, and arguments that are optional elsewhere', () => {
    expect(translated(page('\n'), tablet)).toContain('import "github.com/aws/aws-cdk-go/awscdk/v2"\nimport "github.com/aws/jsii-runtime-go"\n');
    expect(translated(page('\n'), tablet)).toContain('// vpc: an IVpc of yours\n\napp := awscdk.NewApp(nil)\nawscdk.NewStack(app, jsii.String("S"), nil)\ncdktensorflow.NewModel(this, jsii.String("M"), &cdktensorflow.ModelProps{\n\tVpc: vpc,\n})');
  });

  test('need an example above them, and a translation of it', () => {
    expect(() => translated(page('\n', 'text\n\n<!-- in other languages -->'), tablet)).toThrow('must follow a TypeScript example');
    expect(() => translated(page('\n'), { snippets: {} })).toThrow(`no translation of\n${example}`);
  });
});
