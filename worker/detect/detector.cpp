#include "worker/detect/detector.hpp"

#include <algorithm>
#include <opencv2/core/utility.hpp>
#include <utility>

#include "common/clock.hpp"
#include "common/redaction.hpp"
#include "worker/detect/class_filter.hpp"
#include "worker/detect/inference_backend.hpp"
#include "worker/detect/letterbox.hpp"
#include "worker/detect/model_labels.hpp"
#include "worker/detect/nms.hpp"
#include "worker/detect/output_layout.hpp"
#include "worker/detect/yolo_decode.hpp"
#include "worker/model/model_catalog.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint32_t kDefaultSide = 416;  // 640 takes 2.4 times as long for a few points of AP
constexpr std::uint32_t kSideMultiple = 32;  // the largest stride of the grids
constexpr float kYoloXIou = 0.65F;
constexpr float kOthersIou = 0.70F;

std::string text_of(InputSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

/// The model's own size where it is fixed, else the pipeline's, the catalogue's, or 416.
Result<InputSize> choose_input(const DetectStage& stage, const LocatedModel& model) {
  InputSize size{stage.input_width, stage.input_height};
  const InputSize own = declared_input(model.file.signature());
  if (own.width > limits::kModelInputSide || own.height > limits::kModelInputSide) {
    return Error{ErrorCode::ModelInvalid,
                 "the model's input is larger than " + std::to_string(limits::kModelInputSide) +
                     " pixels: " + describe(model.file.signature().inputs.front()),
                 "model"};
  }
  if (size.width == 0 && model.entry) size = {model.entry->input_width, model.entry->input_height};
  if (size.width == 0) size = {kDefaultSide, kDefaultSide};
  if (own.width != 0 && own.height != 0) {
    if (stage.input_width != 0 && own != size) {
      return Error{ErrorCode::InvalidParams,
                   "the model's input is fixed at " + text_of(own) + "; " + text_of(size) +
                       " was asked for. Leave out \"input\", or export the model anew",
                   "input"};
    }
    return own;
  }
  if (size.width % kSideMultiple != 0 || size.height % kSideMultiple != 0) {
    return Error{ErrorCode::InvalidParams,
                 "an input of " + text_of(size) + " has a side that is no multiple of " +
                     std::to_string(kSideMultiple),
                 "input"};
  }
  return size;
}

PixelRule pixel_rule(OutputLayout family, const LocatedModel& model) {
  if (model.entry && model.entry->pixels) return *model.entry->pixels;
  if (picture_form(model.file.signature()).bytes) return PixelRule::Rgb255;
  return family == OutputLayout::YoloX ? PixelRule::Bgr255 : PixelRule::Rgb1;
}

std::uint32_t micros(std::int64_t from_ns, std::int64_t to_ns) {
  return static_cast<std::uint32_t>((to_ns - from_ns) / 1000);
}

/// A run on a grey picture: shows the output's real shape, and that the model runs at all.
Result<std::span<const OutputView>> run_empty(InferenceBackend& backend, const ModelFile& model,
                                              InputSize input, PixelRule rule) {
  const Letterbox empty{input, Anchor::TopLeft, rule};
  auto outputs = backend.run(empty.planes());
  if (outputs) return outputs;
  return Error{ErrorCode::ModelInvalid,
               model.path().string() + " loads, but does not run with an input of " +
                   text_of(input) + "; export it again. " + outputs.error().message,
               "model"};
}

}  // namespace

struct Detector::Parts {
  std::unique_ptr<InferenceBackend> backend;
  Letterbox letterbox;
  OutputPlan plan;
  DecodeFilter filter;
  InputSize input;
  float usual_iou;  // of the model's family
  LabelThreshold max_iou;
  BoxLimits box_limits;
  ModelCard card;
  StageTimes times;
  std::vector<Candidate> candidates;
  std::vector<std::int64_t> output_shape;  // of the first run; only end-to-end ones may change

  Result<void> decode(const OutputView& output);
  [[nodiscard]] std::vector<Object> objects() const;
};

Result<void> Detector::Parts::decode(const OutputView& output) {
  candidates.clear();
  const bool same = std::ranges::equal(output.shape, output_shape);
  if (!same && plan.decoding != OutputLayout::EndToEnd6) {
    return Error{ErrorCode::InferenceFailed, "the shape of the model's output changed", {}};
  }
  switch (plan.decoding) {
    case OutputLayout::YoloX:
      decode_yolox(output, plan.classes, input, filter, candidates);
      break;
    case OutputLayout::YoloV5:
      decode_yolov5(output, plan.classes, 0, filter, candidates);
      break;
    case OutputLayout::YoloV5Landmarks:
      decode_yolov5(output, plan.classes, kLandmarkFields, filter, candidates);
      break;
    case OutputLayout::YoloV8:
      decode_yolov8(output, plan.classes, filter, candidates);
      break;
    default:
      decode_end_to_end(output, plan.classes, filter, candidates);
      keep_best(candidates, box_limits.objects);
      return {};
  }
  suppress_overlaps(candidates, max_iou, box_limits.candidates, box_limits.objects);
  return {};
}

std::vector<Object> Detector::Parts::objects() const {
  std::vector<Object> found;
  found.reserve(candidates.size());
  for (const Candidate& box : candidates) {
    Object object;
    object.box = letterbox.to_frame(box.left, box.top, box.right, box.bottom);
    object.confidence = std::clamp(box.confidence, 0.0F, 1.0F);
    object.label_id = box.label_id;
    // A box in the grey border is nothing that the camera saw.
    if (object.box.w > 0 && object.box.h > 0) found.push_back(object);
  }
  return found;
}

Detector::Detector(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;
Detector::~Detector() = default;

Result<Detector> Detector::create(const DetectStage& stage, const DetectorPlaces& places,
                                  const BoxLimits& box_limits) {
  cv::setNumThreads(static_cast<int>(stage.intra_op_threads));
  const auto catalog = ModelCatalog::load(places.catalog);
  if (!catalog) return catalog.error();
  auto model = locate_model(stage.model, *catalog, places.model_dir, places.model_cache);
  if (!model) return model.error();
  const auto input = choose_input(stage, *model);
  if (!input) return input.error();

  auto backend =
      create_backend(stage.engine, model->file,
                     {*input, stage.intra_op_threads, places.cache_dir, 1, places.loaded});
  if (!backend) return backend.error();
  OutputLayout layout = stage.layout;
  if (layout == OutputLayout::Auto && model->entry) layout = model->entry->layout;
  const auto outputs = run_empty(**backend, model->file, *input, pixel_rule(layout, *model));
  if (!outputs) return outputs.error();
  auto plan = plan_output(model->file.signature(), outputs->front(), *input, layout);
  if (!plan) return plan.error();
  auto labels = choose_labels(plan->classes, stage.labels, model->file.signature(), model->entry,
                              catalog->labels("coco80"));
  if (!labels) return labels.error();
  plan->classes = static_cast<std::uint32_t>(labels->size());
  const bool yolox = plan->family == OutputLayout::YoloX;
  const float usual_iou = yolox ? kYoloXIou : kOthersIou;
  auto classes = class_filter(stage, usual_iou, *labels);
  if (!classes) return classes.error();
  ModelCard card{.name = model->entry ? model->entry->name : model->file.path().stem().string(),
                 .sha256 = model->file.sha256(),
                 .family = std::string{name_of(plan->family)},
                 .engine = std::string{(*backend)->engine()},
                 .input_width = input->width,
                 .input_height = input->height,
                 .labels = std::move(*labels)};
  const auto& shape = outputs->front().shape;
  return Detector{std::make_unique<Parts>(
      Parts{.backend = std::move(*backend),
            .letterbox = Letterbox{*input, yolox ? Anchor::TopLeft : Anchor::Centre,
                                   pixel_rule(plan->family, *model)},
            .plan = *plan,
            .filter = {std::move(classes->min_confidence), std::move(classes->wanted),
                       box_limits.every_class},
            .input = *input,
            .usual_iou = usual_iou,
            .max_iou = std::move(classes->max_iou),
            .box_limits = box_limits,
            .card = std::move(card),
            .times = {},
            .candidates = {},
            .output_shape = {shape.begin(), shape.end()}})};
}

Result<std::vector<Object>> Detector::detect(const Frame& frame) {
  Parts& parts = *parts_;
  const std::int64_t start = monotonic_ns();
  if (const auto written = parts.letterbox.write(frame); !written) return written.error();
  const std::int64_t boxed = monotonic_ns();
  const auto outputs = parts.backend->run(parts.letterbox.planes());
  if (!outputs) return outputs.error();
  const std::int64_t inferred = monotonic_ns();
  if (const auto decoded = parts.decode(outputs->front()); !decoded) return decoded.error();
  std::vector<Object> found = parts.objects();
  parts.times = {micros(start, boxed), micros(boxed, inferred), micros(inferred, monotonic_ns())};
  return found;
}

Result<> Detector::tune(const DetectStage& stage) {
  auto classes = class_filter(stage, parts_->usual_iou, parts_->card.labels);
  if (!classes) return classes.error();
  parts_->filter.min_confidence = std::move(classes->min_confidence);
  parts_->filter.wanted_labels = std::move(classes->wanted);
  parts_->max_iou = std::move(classes->max_iou);
  return {};
}

const StageTimes& Detector::last_times() const noexcept { return parts_->times; }
const ModelCard& Detector::card() const noexcept { return parts_->card; }
const std::vector<std::string>& Detector::notes() const noexcept {
  return parts_->backend->notes();
}

}  // namespace bulkhead::worker
