/* What the four plugins share: words for a failure, one component per file, and its manifest. */
#ifndef PLAIN_H
#define PLAIN_H

#include <kvhost/abi/plugin.h>
#include <string.h>

#define BYTES(literal) \
  { (literal), sizeof(literal) - 1 }

static inline int32_t fail(kvh_error* error, int32_t code, const char* words) {
  size_t length = strlen(words);
  if (length > KVH_ERROR_TEXT_CAPACITY) length = KVH_ERROR_TEXT_CAPACITY;
  error->code = code;
  error->text_size = (uint32_t)length;
  memcpy(error->text, words, length);
  return code;
}

#define PLUGIN(ID, VERSION, KIND, NAME, COMPONENTS)                                         \
  static const kvh_plugin plugin = {.size = sizeof(kvh_plugin),                             \
                                    .abi_major = KVH_ABI_MAJOR,                             \
                                    .id = BYTES(ID),                                        \
                                    .name = BYTES(NAME),                                    \
                                    .version = BYTES(VERSION),                              \
                                    .components = (COMPONENTS),                             \
                                    .component_count = 1,                                   \
                                    .component_stride = sizeof(kvh_component)};             \
  __attribute__((section(KVH_MANIFEST_SECTION), used)) static const char manifest[] =       \
      "kvhost-plugin 1\nid=" ID "\nversion=" VERSION "\nabi=1.0\ncomponent=" KIND " " NAME "\n"; \
  KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) { return &plugin; }

#endif
