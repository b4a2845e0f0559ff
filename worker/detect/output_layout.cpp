#include "worker/detect/output_layout.hpp"

#include <array>
#include <optional>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "worker/detect/yolo_decode.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint32_t kLargeStride = 64;   // of the fourth grid some models have
constexpr std::int64_t kAnchorsPerCell = 3;  // YOLOv5 and v7
constexpr std::int64_t kEndToEndFields = 6;
constexpr std::size_t kShownBytes = 64;

// From the most telling shape to the least: any six columns could be boxes with NMS done.
constexpr std::array kByTelling{OutputLayout::YoloX, OutputLayout::YoloV5, OutputLayout::YoloV8,
                                OutputLayout::EndToEnd6};

/// The two numbers that follow the batch in an output's shape.
struct OutputShape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

std::optional<OutputShape> shape_of(const OutputView& output) {
  if (output.shape.size() != 3 || output.shape[0] != 1) return std::nullopt;
  return OutputShape{output.shape[1], output.shape[2]};
}

/// Cells of all grids over the input, with three grids or four.
struct Cells {
  explicit Cells(InputSize input) {
    const auto cells = [input](std::uint32_t stride) {
      return std::int64_t{input.width / stride} * std::int64_t{input.height / stride};
    };
    for (const std::uint32_t stride : kStrides) three += cells(stride);
    four = three + cells(kLargeStride);
  }
  std::int64_t three = 0;
  std::int64_t four = 0;
};

/// The number of classes `layout` leaves in this shape; empty where the shape is not its own.
std::optional<std::int64_t> classes_in(OutputLayout layout, OutputShape shape, Cells cells) {
  std::int64_t classes = 0;
  switch (layout) {
    case OutputLayout::YoloX:
      if (shape.rows != cells.three) return std::nullopt;
      classes = shape.columns - 5;
      break;
    case OutputLayout::YoloV5:
      if (shape.rows != kAnchorsPerCell * cells.three && shape.rows != kAnchorsPerCell * cells.four)
        return std::nullopt;
      classes = shape.columns - 5;
      break;
    case OutputLayout::YoloV5Landmarks:
      if (shape.rows != kAnchorsPerCell * cells.three) return std::nullopt;
      classes = shape.columns - 5 - kLandmarkFields;
      break;
    case OutputLayout::YoloV8:
      if (shape.columns != cells.three && shape.columns != cells.four) return std::nullopt;
      classes = shape.rows - 4;
      break;
    case OutputLayout::EndToEnd6:
      // How many classes there are does not show; only labels can tell.
      if (shape.columns != kEndToEndFields) return std::nullopt;
      return 0;
    case OutputLayout::Auto:
      return std::nullopt;
  }
  if (classes < 1 || classes > static_cast<std::int64_t>(limits::kLabels)) return std::nullopt;
  return classes;
}

std::string shape_text(const OutputView& output) {
  std::string text = "[";
  for (const std::int64_t side : output.shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(side);
  }
  return text + ']';
}

std::string input_text(InputSize input) {
  return std::to_string(input.width) + 'x' + std::to_string(input.height);
}

Error unknown_layout(const OutputView& output, InputSize input) {
  const Cells cells{input};
  const auto n = [](std::int64_t count) { return std::to_string(count); };
  return {ErrorCode::ModelInvalid,
          "the model's output is none that we know: found " + shape_text(output) +
              " for an input of " + input_text(input) + ". Known for this input: YOLOX [1, " +
              n(cells.three) + ", 5 + classes], YOLOv5 and v7 [1, " +
              n(kAnchorsPerCell * cells.three) + ", 5 + classes], YOLOv8 and 11 [1, 4 + classes, " +
              n(cells.three) + "], YOLOv10 and exports with NMS [1, boxes, 6]. Export the model " +
              "to one of these",
          "model"};
}

Error misfit(OutputLayout wanted, const OutputView& output, InputSize input) {
  return {ErrorCode::ModelInvalid,
          "layout \"" + std::string{name_of(wanted)} + "\" does not fit the model's output: " +
              "found " + shape_text(output) + " for an input of " + input_text(input) +
              "; leave out \"layout\" to have it told from the model",
          "layout"};
}

/// In a raw grid, x is a small offset from a cell; decoded, its mean is the middle of the input.
bool is_decoded(const OutputView& output, OutputShape shape, InputSize input) {
  double sum = 0;
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    sum += output.values[static_cast<std::size_t>(row * shape.columns)];
  }
  return sum / static_cast<double>(shape.rows) > input.width / 4.0;
}

std::optional<Error> wrong_task(const OnnxSignature& model) {
  const auto task = model.metadata.find("task");
  if (task == model.metadata.end() || task->second == "detect") return std::nullopt;
  return Error{ErrorCode::ModelInvalid,
               "the model was made for the task \"" + printable_text(task->second, kShownBytes) +
                   "\"; only \"detect\" gives boxes. Use the detection model of the same family",
               "model"};
}

}  // namespace

Result<OutputPlan> plan_output(const OnnxSignature& model, const OutputView& output,
                               InputSize input, OutputLayout wanted) {
  if (auto wrong = wrong_task(model)) return std::move(*wrong);
  const auto shape = shape_of(output);
  if (!shape) return unknown_layout(output, input);

  if (wanted == OutputLayout::YoloV5Landmarks) {
    // Told by nothing but its name: the same shape could be eight classes more.
    const auto classes = classes_in(wanted, *shape, Cells{input});
    if (!classes) return misfit(wanted, output, input);
    return OutputPlan{wanted, wanted, static_cast<std::uint32_t>(*classes)};
  }
  for (const OutputLayout layout : kByTelling) {
    if (wanted != OutputLayout::Auto && wanted != layout) continue;
    const auto classes = classes_in(layout, *shape, Cells{input});
    if (!classes) continue;
    OutputPlan plan{layout, layout, static_cast<std::uint32_t>(*classes)};
    if (layout == OutputLayout::YoloX && is_decoded(output, *shape, input)) {
      plan.decoding = OutputLayout::YoloV5;  // the same columns, in pixels
    }
    return plan;
  }
  return wanted == OutputLayout::Auto ? unknown_layout(output, input)
                                      : misfit(wanted, output, input);
}

}  // namespace bulkhead::worker
