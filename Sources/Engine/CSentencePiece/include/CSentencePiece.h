#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded SentencePiece model. Encoding is const: any number of threads may share one.
typedef struct walt_sentencepiece walt_sentencepiece;

/// Loads a model from its serialized bytes. On failure returns NULL and writes why into `message` (cut at `capacity`).
walt_sentencepiece *_Nullable walt_sentencepiece_load(
    const void *_Nonnull bytes, size_t count, char *_Nonnull message, size_t capacity);

void walt_sentencepiece_free(walt_sentencepiece *_Nullable model);

/// The number of pieces: ids are 0 to this, less one.
int32_t walt_sentencepiece_piece_count(const walt_sentencepiece *_Nonnull model);

/// The ids of a UTF-8 text without EOS: writes the first `capacity` of them and returns how many there are, −1 on failure.
int64_t walt_sentencepiece_encode(
    const walt_sentencepiece *_Nonnull model, const char *_Nonnull text, size_t length, int32_t *_Nullable ids,
    size_t capacity);

/// Trains a unigram model of at most `piece_count` pieces on a text file, one sentence a line, and writes `model_path`.
/// pad 0, eos 1, unk 2, no bos; one thread, no sampling of sentences: the same text gives the same model.
/// Returns 0, or −1 with the reason in `message`.
int32_t walt_sentencepiece_train(
    const char *_Nonnull text_path, const char *_Nonnull model_path, int32_t piece_count, char *_Nonnull message,
    size_t capacity);

#ifdef __cplusplus
}
#endif
