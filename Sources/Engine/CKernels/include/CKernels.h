/// Leaf loops of the engine: pure functions over borrowed memory, no allocation, no globals, no libm.
///
/// One set of functions for each instruction set, chosen at run time. Every result element is computed by the same
/// sequence of operations whatever tile, thread or batch it belongs to, so results are equal bit for bit on the same
/// set. All matrices are float32 and row-major; strides and offsets count floats.
///
/// Reading past the end: kernels may read up to WALT_READ_SLACK floats behind the last element that they use.
#ifndef WALT_CKERNELS_H
#define WALT_CKERNELS_H

#include <stdint.h>

#define WALT_READ_SLACK 64

/// A product of gathered rows with a packed panel:
/// c[cOffset(i) + n] = bias[n] + Σ_s Σ_k a[aOffset(i) + segments[s] + k] · panel[(s·segmentLength + k)·width + n].
typedef struct {
  const float *a;
  /// Offsets of the rows of a; null: row i begins at i·aStride.
  const int64_t *aOffsets;
  int64_t aStride;
  const int64_t *segments;
  int64_t segmentCount;
  int64_t segmentLength;
  const float *panel;
  /// Columns in the panel's memory: one or two vectors.
  int64_t width;
  /// Columns to store, at most width.
  int64_t columns;
  /// Null: zeros.
  const float *bias;
  float *c;
  const int64_t *cOffsets;
  int64_t cStride;
  int64_t rows;
} walt_panel_product;

/// A sum of outer products over lines of pixels:
/// c[i·cStride + n] (+)= Σ_l Σ_x a[aLines[l] + x·aStride + i] · b[bLines[l] + x·bStride + n].
typedef struct {
  const float *a;
  const int64_t *aLines;
  int64_t aStride;
  const float *b;
  const int64_t *bLines;
  int64_t bStride;
  int64_t lines;
  int64_t lineLength;
  int64_t rows;
  int64_t columns;
  float *c;
  int64_t cStride;
} walt_outer_product;

/// One head of one attention window. Rows are given as pointers to the head's first element.
typedef struct {
  int64_t queries;
  int64_t keys;
  int64_t headSize;
  const float *const *query;
  const float *const *key;
  const float *const *value;
  /// Layer norm's scales [headSize]; null: queries and keys are used as they are.
  const float *queryScale;
  const float *keyScale;
  float logitScale;
  /// Added to the logits of the first biasKeys keys, rows biasStride apart; null: none.
  const float *bias;
  int64_t biasKeys;
  int64_t biasStride;
} walt_attention;

/// Gradients of one head of one window; all are added to.
typedef struct {
  const float *const *output;
  float *const *query;
  float *const *key;
  float *const *value;
  float *queryScale;
  float *keyScale;
  /// Laid out as the bias; null: none.
  float *bias;
} walt_attention_gradient;

typedef struct {
  const char *name;
  /// Floats in a vector; a panel has one or two vectors.
  int64_t vectorWidth;
  void (*panelProduct)(const walt_panel_product *);
  void (*outerProduct)(const walt_outer_product *);
  /// dst[k·width + n] = src[n·nStride + kOffsets[k]] (kOffsets null: k·kStride), zeros from `columns` on.
  void (*pack)(
    const float *src, int64_t nStride, const int64_t *kOffsets, int64_t kStride, int64_t depth, int64_t columns,
    int64_t width, float *dst);
  /// Null but in sets that round the operands of products to bfloat16, whose outer products do so, too:
  /// in place, rows 2j and 2j + 1 of a panel → row j of pairs, the even row in the low halves; depth is even.
  void (*pairRows)(float *panel, int64_t depth, int64_t width);
  /// The same product with such a panel; segmentLength is even.
  void (*pairedPanelProduct)(const walt_panel_product *);
  /// 16-bit floats as float32, exactly.
  void (*widenFloat16)(const uint16_t *x, float *y, int64_t n);
  void (*widenBFloat16)(const uint16_t *x, float *y, int64_t n);
  /// Back again: only for values that have 16 bits.
  void (*narrowFloat16)(const float *x, uint16_t *y, int64_t n);
  void (*narrowBFloat16)(const float *x, uint16_t *y, int64_t n);

  /// Floats of scratch memory that attention needs.
  int64_t (*attentionScratch)(int64_t queries, int64_t keys, int64_t headSize);
  void (*attention)(const walt_attention *, float *const *output, float *scratch);
  int64_t (*attentionBackwardScratch)(int64_t queries, int64_t keys, int64_t headSize);
  void (*attentionBackward)(const walt_attention *, const walt_attention_gradient *, float *scratch);

  void (*add)(const float *a, const float *b, float *y, int64_t n);
  void (*multiply)(const float *a, const float *b, float *y, int64_t n);
  /// y += factor · x.
  void (*accumulate)(const float *x, float factor, float *y, int64_t n);
  void (*scale)(const float *x, float factor, float *y, int64_t n);
  void (*silu)(const float *x, float *y, int64_t n);
  void (*siluBackward)(const float *x, const float *dy, float *dx, int64_t n);
  void (*gelu)(const float *x, float *y, int64_t n);
  void (*geluBackward)(const float *x, const float *dy, float *dx, int64_t n);

  /// y = weight ⊙ (x − μ)/√(σ² + eps) + bias for rows of d; null weight: ones, null bias: zeros.
  /// With onePlus the factor is 1 + weight.
  void (*layerNorm)(
    const float *x, const float *weight, const float *bias, int onePlus, float *y, int64_t rows, int64_t d);
  /// Adds to dWeight and dBias [d] (each may be null) and sets dx.
  void (*layerNormBackward)(
    const float *x, const float *weight, int onePlus, const float *dy, float *dx, float *dWeight, float *dBias,
    int64_t rows, int64_t d);
  void (*rmsNorm)(const float *x, const float *weight, float *y, int64_t rows, int64_t d);
  void (*rmsNormBackward)(
    const float *x, const float *weight, const float *dy, float *dx, float *dWeight, int64_t rows, int64_t d);
  /// y = x + gate ⊙ v for rows of d.
  void (*gatedAdd)(const float *x, const float *v, const float *gate, float *y, int64_t rows, int64_t d);
  /// dv = gate ⊙ dy; dGate += Σ rows v ⊙ dy.
  void (*gatedAddBackward)(
    const float *v, const float *gate, const float *dy, float *dv, float *dGate, int64_t rows, int64_t d);
  /// sums[d] += Σ rows x.
  void (*sumRows)(const float *x, float *sums, int64_t rows, int64_t d);

  /// Of one frame [pixels, channels]: moments [2·groups] receives mean and 1/√(var + eps) of each group; scratch:
  /// 2·channels floats.
  void (*groupMoments)(
    const float *x, float *moments, int64_t pixels, int64_t channels, int64_t groups, float *scratch);
  /// y = weight ⊙ (x − mean)/√(var + eps) + bias by the moments of the frame, then SiLU if asked, for some of its
  /// pixels; scratch: 2·channels floats.
  void (*groupApply)(
    const float *x, const float *weight, const float *bias, int silu, const float *moments, float *y, int64_t pixels,
    int64_t channels, int64_t groups, float *scratch);
  /// Sets dx, and dWeight, dBias [channels] of this frame.
  void (*groupNormBackward)(
    const float *x, const float *weight, const float *bias, int silu, const float *moments, const float *dy, float *dx,
    float *dWeight, float *dBias, int64_t pixels, int64_t channels, int64_t groups, float *scratch);

  /// Adds −log softmax(logits)[label] of a row to *loss; gradient receives softmax − onehot.
  float (*crossEntropy)(const float *logits, int64_t classes, int64_t label, float *gradient);
  /// Σ (a − b)².
  double (*squaredError)(const float *a, const float *b, int64_t n);
  double (*absoluteError)(const float *a, const float *b, int64_t n);
  /// Decoupled weight decay (AdamW): parameters, first and second moments change in place.
  void (*adamW)(
    float *parameter, const float *gradient, float *first, float *second, int64_t n, float rate, float beta1,
    float beta2, float epsilon, float decay, float correction1, float correction2, float gradientScale);
  /// average += (1 − decay) · (x − average).
  void (*movingAverage)(float *average, const float *x, float decay, int64_t n);
} walt_kernels;

/// The kernels of that name ("x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-bfloat16", "arm64"), or null if this
/// processor cannot run them; a null name asks for the best of those that round nothing.
const walt_kernels *walt_kernels_named(const char *name);

/// Tells the C library to keep freed blocks of up to 32 MiB for the next allocation instead of giving their pages back:
/// a model's activations have the same sizes in every step, and fresh pages cost more than many kernels do.
void walt_keep_freed_memory(void);

#endif
