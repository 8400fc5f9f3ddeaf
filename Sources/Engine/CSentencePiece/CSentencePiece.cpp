#include "CSentencePiece.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <fstream>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

struct walt_sentencepiece {
  sentencepiece::SentencePieceProcessor processor;
};

namespace {

/// The lines of a file; handed over as sentences so that the model does not hold the file's path.
class Lines final : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const char *path) : file_(path) { Next(); }
  bool done() const override { return done_; }
  void Next() override { done_ = !std::getline(file_, line_); }
  const std::string &value() const override { return line_; }
  sentencepiece::util::Status status() const override { return sentencepiece::util::Status(); }

 private:
  std::ifstream file_;
  std::string line_;
  bool done_ = false;
};

void explain(const std::string &reason, char *message, size_t capacity) {
  if (capacity == 0) return;
  const size_t length = std::min(reason.size(), capacity - 1);
  std::memcpy(message, reason.data(), length);
  message[length] = 0;
}

}  // namespace

walt_sentencepiece *walt_sentencepiece_load(const void *bytes, size_t count, char *message, size_t capacity) try {
  auto *model = new walt_sentencepiece;
  const auto status = model->processor.LoadFromSerializedProto(
      absl::string_view(static_cast<const char *>(bytes), count));
  if (status.ok()) return model;
  delete model;
  explain(status.ToString(), message, capacity);
  return nullptr;
} catch (const std::exception &error) {
  explain(error.what(), message, capacity);
  return nullptr;
}

void walt_sentencepiece_free(walt_sentencepiece *model) { delete model; }

int32_t walt_sentencepiece_piece_count(const walt_sentencepiece *model) { return model->processor.GetPieceSize(); }

int64_t walt_sentencepiece_encode(
    const walt_sentencepiece *model, const char *text, size_t length, int32_t *ids, size_t capacity) try {
  std::vector<int> encoded;
  if (!model->processor.Encode(absl::string_view(text, length), &encoded).ok()) return -1;
  std::copy_n(encoded.begin(), std::min(capacity, encoded.size()), ids);
  return static_cast<int64_t>(encoded.size());
} catch (const std::exception &) {
  return -1;
}

int32_t walt_sentencepiece_train(
    const char *text_path, const char *model_path, int32_t piece_count, char *message, size_t capacity) try {
  Lines lines(text_path);
  if (lines.done()) {
    explain(std::string("cannot read a line of ") + text_path, message, capacity);
    return -1;
  }
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      std::unordered_map<std::string, std::string>{
          {"model_type", "unigram"},
          {"vocab_size", std::to_string(piece_count)},
          {"character_coverage", "1.0"},
          {"pad_id", "0"},
          {"eos_id", "1"},
          {"unk_id", "2"},
          {"bos_id", "-1"},
          {"num_threads", "1"},
          {"shuffle_input_sentence", "false"},
          {"hard_vocab_limit", "false"},
          {"minloglevel", "2"},
      },
      &lines, &model);
  if (!status.ok()) {
    explain(status.ToString(), message, capacity);
    return -1;
  }
  std::ofstream file(model_path, std::ios::binary | std::ios::trunc);
  file.write(model.data(), static_cast<std::streamsize>(model.size()));
  file.close();
  if (file) return 0;
  explain(std::string("cannot write ") + model_path, message, capacity);
  return -1;
} catch (const std::exception &error) {
  explain(error.what(), message, capacity);
  return -1;
}
