#include "CPNG.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

// Everything that changes between setjmp and longjmp lives behind a pointer, not in local variables.

typedef struct {
  char *message;
  size_t capacity;
} explanation;

static void explain(const explanation *target, const char *reason) {
  if (!target || target->capacity == 0) return;
  strncpy(target->message, reason, target->capacity - 1);
  target->message[target->capacity - 1] = 0;
}

static void fail(png_structp png, png_const_charp reason) {
  explain(png_get_error_ptr(png), reason);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp reason) {
  (void)png;
  (void)reason;
}

// Writing

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
} growing;

static void append(png_structp png, png_bytep bytes, size_t count) {
  growing *file = png_get_io_ptr(png);
  if (file->capacity - file->count < count) {
    const size_t capacity = 2 * (file->capacity + count);
    uint8_t *larger = realloc(file->bytes, capacity);
    if (!larger) png_error(png, "out of memory");
    file->bytes = larger;
    file->capacity = capacity;
  }
  memcpy(file->bytes + file->count, bytes, count);
  file->count += count;
}

static void flush(png_structp png) { (void)png; }

int walt_png_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, const walt_png_text *texts, size_t text_count,
    uint8_t **bytes, size_t *count, char *message, size_t capacity) {
  explanation why = {message, capacity};
  growing *file = calloc(1, sizeof *file);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &why, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!file || !info) {
    explain(&why, "out of memory");
    png_destroy_write_struct(&png, &info);
    free(file);
    return 1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(file->bytes);
    free(file);
    return 1;
  }
  png_set_write_fn(png, file, append, flush);
  png_set_IHDR(
      png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
      PNG_FILTER_TYPE_BASE);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  for (size_t i = 0; i < text_count; i++) {
    png_text text = {0};
    text.compression = PNG_ITXT_COMPRESSION_NONE;
    text.key = (png_charp)texts[i].key;
    text.text = (png_charp)texts[i].text;
    png_set_text(png, info, &text, 1);
  }
  png_write_info(png, info);
  for (uint32_t row = 0; row < height; row++) png_write_row(png, rgb + (size_t)row * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  *bytes = file->bytes;
  *count = file->count;
  free(file);
  return 0;
}

// Reading

struct walt_png {
  png_structp png;
  png_infop info;
  const uint8_t *rest;
  size_t rest_count;
  uint32_t width, height;
  uint8_t *pixels;
  png_textp texts;
  int text_count;
};

static void take(png_structp png, png_bytep bytes, size_t count) {
  walt_png *image = png_get_io_ptr(png);
  if (count > image->rest_count) png_error(png, "the file ends too early");
  memcpy(bytes, image->rest, count);
  image->rest += count;
  image->rest_count -= count;
}

static void convert_to_rgb(walt_png *image) {
  png_set_expand(image->png);
  png_set_scale_16(image->png);
  png_set_gray_to_rgb(image->png);
  png_set_strip_alpha(image->png);
}

static void read_rows(walt_png *image) {
  const int passes = png_set_interlace_handling(image->png);
  png_read_update_info(image->png, image->info);
  const size_t stride = (size_t)image->width * 3;
  if (png_get_rowbytes(image->png, image->info) != stride) png_error(image->png, "not convertible to 8-bit RGB");
  image->pixels = calloc(image->height, stride);
  if (!image->pixels) png_error(image->png, "out of memory");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t row = 0; row < image->height; row++) {
      png_read_row(image->png, image->pixels + row * stride, NULL);
    }
  }
}

walt_png *walt_png_decode(const uint8_t *bytes, size_t count, uint64_t pixel_limit, char *message, size_t capacity) {
  explanation why = {message, capacity};
  walt_png *image = calloc(1, sizeof *image);
  if (!image) {
    explain(&why, "out of memory");
    return NULL;
  }
  image->rest = bytes;
  image->rest_count = count;
  image->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &why, fail, ignore);
  if (image->png) image->info = png_create_info_struct(image->png);
  if (!image->info) {
    explain(&why, "out of memory");
    walt_png_free(image);
    return NULL;
  }
  if (setjmp(png_jmpbuf(image->png))) {
    walt_png_free(image);
    return NULL;
  }
  png_set_read_fn(image->png, image, take);
  png_set_user_limits(image->png, 0x7fff, 0x7fff);
  png_read_info(image->png, image->info);
  image->width = png_get_image_width(image->png, image->info);
  image->height = png_get_image_height(image->png, image->info);
  if ((uint64_t)image->width * image->height > pixel_limit) png_error(image->png, "more pixels than allowed");
  convert_to_rgb(image);
  read_rows(image);
  png_read_end(image->png, image->info);
  png_get_text(image->png, image->info, &image->texts, &image->text_count);
  png_set_error_fn(image->png, NULL, fail, ignore);
  return image;
}

uint32_t walt_png_width(const walt_png *image) { return image->width; }
uint32_t walt_png_height(const walt_png *image) { return image->height; }
const uint8_t *walt_png_pixels(const walt_png *image) { return image->pixels; }
size_t walt_png_text_count(const walt_png *image) { return (size_t)image->text_count; }

walt_png_text walt_png_text_at(const walt_png *image, size_t index) {
  walt_png_text text = {image->texts[index].key, image->texts[index].text};
  return text;
}

void walt_png_free(walt_png *image) {
  if (!image) return;
  png_destroy_read_struct(&image->png, &image->info, NULL);
  free(image->pixels);
  free(image);
}
