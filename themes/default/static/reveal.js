// Lets people see the password they type. Hidden again on submit, so that the browser's password
// manager recognises the field and nothing readable stays in the page's history.

for (const button of document.querySelectorAll('[data-reveal]')) {
  const field = document.getElementById(button.dataset.reveal);
  const display = (shown) => {
    field.type = shown ? 'text' : 'password';
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    display(field.type === 'password');
    field.focus();
  });
  field.form?.addEventListener('submit', () => display(false));
}
