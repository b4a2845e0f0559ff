#pragma once

#include <filesystem>
#include <functional>

#include "common/result.hpp"
#include "worker/frame/frame.hpp"

namespace bulkhead::deploy {

/// Hands `count` pictures to `visit`, in an order that is always the same; the first error ends it.
///
/// Of a folder its JPEG and PNG files, spread over their names where there are more; fewer where
/// there are fewer. Of a clip one picture in 25, from the start again at its end. NotFound where
/// there is no picture at all.
Result<> each_picture(const std::filesystem::path& folder_or_clip, std::size_t count,
                      const std::function<Result<>(const worker::Frame&)>& visit);

}  // namespace bulkhead::deploy
