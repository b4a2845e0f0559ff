#include "worker/track/association.hpp"

#include <algorithm>
#include <numeric>

#include "worker/track/assignment.hpp"

namespace bulkhead::worker {

namespace {

/// An overlap worth assigning.
struct Meeting {
  std::size_t expected;
  std::size_t found;
  float gain;
};

/// Which boxes meet each other, directly or through others (disjoint sets, paths halved).
class Groups {
 public:
  explicit Groups(std::size_t members) : parent_(members) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t of(std::size_t member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  void join(std::size_t a, std::size_t b) { parent_[of(a)] = of(b); }

 private:
  std::vector<std::size_t> parent_;
};

std::vector<Meeting> meetings_of(const std::vector<LabelledBox>& expected,
                                 const std::vector<LabelledBox>& found, float least_overlap) {
  std::vector<Meeting> meetings;
  for (std::size_t e = 0; e < expected.size(); ++e) {
    for (std::size_t f = 0; f < found.size(); ++f) {
      if (expected[e].label_id != found[f].label_id) continue;
      const float gain = intersection_over_union(expected[e].box, found[f].box) - least_overlap;
      if (gain > 0) meetings.push_back({e, f, gain});
    }
  }
  return meetings;
}

/// Numbers the members of one group as they come.
std::size_t place_of(std::vector<std::size_t>& members, std::size_t member) {
  const auto place = static_cast<std::size_t>(std::ranges::find(members, member) - members.begin());
  if (place == members.size()) members.push_back(member);
  return place;
}

void assign_group(std::vector<Meeting>::const_iterator first,
                  std::vector<Meeting>::const_iterator last, std::vector<std::int32_t>& answer) {
  if (last - first == 1) {
    answer[first->expected] = static_cast<std::int32_t>(first->found);
    return;
  }
  std::vector<std::size_t> rows;
  std::vector<std::size_t> columns;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (auto meeting = first; meeting != last; ++meeting) {
    places.emplace_back(place_of(rows, meeting->expected), place_of(columns, meeting->found));
  }
  std::vector<float> gains(rows.size() * columns.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    gains[places[i].first * columns.size() + places[i].second] =
        (first + static_cast<std::ptrdiff_t>(i))->gain;
  }
  const auto column_of = best_assignment(gains, rows.size(), columns.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (column_of[row] == kUnassigned) continue;
    answer[rows[row]] =
        static_cast<std::int32_t>(columns[static_cast<std::size_t>(column_of[row])]);
  }
}

}  // namespace

std::vector<std::int32_t> associate(const std::vector<LabelledBox>& expected,
                                    const std::vector<LabelledBox>& found, float least_overlap) {
  std::vector<std::int32_t> answer(expected.size(), kUnassigned);
  std::vector<Meeting> meetings = meetings_of(expected, found, least_overlap);
  Groups groups{expected.size() + found.size()};
  for (const Meeting& meeting : meetings) {
    groups.join(meeting.expected, expected.size() + meeting.found);
  }
  std::ranges::stable_sort(meetings, {}, [&](const Meeting& m) { return groups.of(m.expected); });
  for (auto first = meetings.cbegin(); first != meetings.cend();) {
    const std::size_t group = groups.of(first->expected);
    const auto last = std::find_if(first, meetings.cend(), [&](const Meeting& meeting) {
      return groups.of(meeting.expected) != group;
    });
    assign_group(first, last, answer);
    first = last;
  }
  return answer;
}

}  // namespace bulkhead::worker
