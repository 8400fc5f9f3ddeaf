#ifndef CPNG_H
#define CPNG_H

#include <stddef.h>
#include <stdint.h>

// libpng reports errors by longjmp, which must not pass through Swift's frames: these calls catch it.

/// One keyword and its UTF-8 text (an iTXt chunk).
typedef struct {
  const char *key;
  const char *text;
} walt_png_text;

/// A decoded image: 8-bit RGB, row-major, with its texts.
typedef struct walt_png walt_png;

/// Encodes `height` x `width` x 3 bytes. Returns 0, and memory to be freed with `free` in `*bytes`; or 1, and why in
/// `message`.
int walt_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, const walt_png_text *texts, size_t text_count,
    uint8_t **bytes, size_t *count, char *message, size_t capacity);

/// Decodes an image of any colour type; opacity is dropped. Null, and why in `message`, if the file is damaged or
/// larger than `pixel_limit` pixels.
walt_png *walt_png_decode(const uint8_t *bytes, size_t count, uint64_t pixel_limit, char *message, size_t capacity);

uint32_t walt_png_width(const walt_png *image);
uint32_t walt_png_height(const walt_png *image);
const uint8_t *walt_png_pixels(const walt_png *image);
size_t walt_png_text_count(const walt_png *image);
walt_png_text walt_png_text_at(const walt_png *image, size_t index);
void walt_png_free(walt_png *image);

#endif
