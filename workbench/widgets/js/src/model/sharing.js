// Traits of a widget on their way to the program.

/** Send what was set, unless the kernel's connection was closed, as while a page is being left. */
export function shareTraits(model) {
  if (model.widget_manager?.kernel?.isDisposed) return;
  model.save_changes();
}
