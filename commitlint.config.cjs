/** @see https://commitlint.js.org/reference/rules.html */
module.exports = {
  extends: ['@commitlint/config-conventional'],
  rules: {
    // Subjects begin with names of classes and files, which keep their case.
    'subject-case': [0],
    'header-max-length': [2, 'always', 140],
    'body-max-line-length': [2, 'always', 150],
    'footer-max-line-length': [2, 'always', 150],
  },
};
