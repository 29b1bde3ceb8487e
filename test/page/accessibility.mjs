// Accessibility checks of a page: the rules of WCAG 2.2 AA that a program can check.

const LEAST_CONTRAST = 4.5;
const LEAST_CONTRAST_OF_LARGE = 3;
/** Target size (2.5.8), in CSS pixels. */
const LEAST_TARGET = 24;

/** Returns what is wrong with a page, one sentence each. */
export async function accessibilityProblems(page) {
  const unnamed = await unnamedControls(page);
  return [...unnamed, ...await page.evaluate(problemsOfLayout, { least: LEAST_CONTRAST, large: LEAST_CONTRAST_OF_LARGE, target: LEAST_TARGET })];
}

/** Asks the browser's own accessibility tree, which a screen reader reads. */
async function unnamedControls(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const named = ['button', 'textbox', 'combobox', 'checkbox', 'link', 'application', 'img', 'region', 'heading', 'main', 'RootWebArea', 'DisclosureTriangle'];
  const shown = nodes.filter(({ ignored, role }) => !ignored && named.includes(role?.value) && role.value !== 'main');
  return [
    ...shown.filter(({ name }) => !name?.value?.trim()).map(({ role }) => `a ${role.value} has no name`),
    ...['RootWebArea', 'heading', 'button'].filter((wanted) => !shown.some(({ role }) => role.value === wanted)).map((wanted) => `there is no ${wanted}`),
    ...nodes.some(({ role, ignored }) => !ignored && role?.value === 'main') ? [] : ['there is no main part'],
  ];
}

/** Runs in the page. */
function problemsOfLayout({ least, large, target }) {
  const problems = [];
  const visible = (element) => element.checkVisibility() && !element.closest('.unseen') && element.getBoundingClientRect().width > 1;
  const parse = (color) => {
    const [red, green, blue, opacity = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], opacity };
  };
  const backgroundOf = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { rgb, opacity } = parse(getComputedStyle(each).backgroundColor);
      if (opacity === 1) {
        return rgb;
      }
    }
    return [255, 255, 255];
  };
  const luminance = (rgb) => rgb.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((left, right) => left - right);
    return (light + 0.05) / (dark + 0.05);
  };
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (text && visible(element) && !element.disabled) {
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const found = contrast(parse(style.color).rgb, backgroundOf(element));
      if (found < (isLarge ? large : least)) {
        problems.push(`${element.tagName} ${JSON.stringify(element.textContent.trim().slice(0, 30))} has a contrast of ${found.toFixed(2)}`);
      }
    }
  }
  for (const element of document.querySelectorAll('button, input, select, textarea, summary, canvas[tabindex]')) {
    const { width, height } = element.getBoundingClientRect();
    // A checkbox has its label beside it, which can be clicked too.
    if (visible(element) && (width < target || height < target) && element.type !== 'checkbox') {
      problems.push(`${element.tagName} ${JSON.stringify(element.textContent || element.getAttribute('aria-label') || element.id)} has ${width} × ${height} pixels`);
    }
  }
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => Number(heading.tagName[1]));
  levels.forEach((level, index) => {
    if (level > (levels[index - 1] ?? 0) + 1) {
      problems.push(`a heading of level ${level} follows one of level ${levels[index - 1] ?? 0}`);
    }
  });
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => problems.push(`the id ${id} is there twice`));
  document.querySelectorAll('[aria-describedby], [aria-labelledby], label[for]').forEach((element) => {
    const names = `${element.getAttribute('aria-describedby') ?? ''} ${element.getAttribute('aria-labelledby') ?? ''} ${element.getAttribute('for') ?? ''}`.trim().split(/\s+/);
    names.filter((name) => !document.getElementById(name)).forEach((name) => problems.push(`the id ${name} is named, and is not there`));
  });
  // Compare with the screen: a phone widens the window to what does not fit.
  if (document.documentElement.scrollWidth > screen.width) {
    problems.push(`the page is ${document.documentElement.scrollWidth} pixels wide, and the screen ${screen.width}`);
  }
  if (!document.documentElement.lang || !document.title) {
    problems.push('the page has no language, or no title');
  }
  return problems;
}
