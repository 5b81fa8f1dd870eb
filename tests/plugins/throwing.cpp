// A plugin whose create throws: it must become words, not a crash.
#include <stdexcept>

#include "kvhost/plugin.hpp"

namespace {

class Throwing final : public kvhost::CompactionPolicy {
 public:
  static kvhost::Result<std::unique_ptr<Throwing>> create(kvhost::Context&, const kvhost::Config&) {
    throw std::runtime_error("the cat sat on the keyboard");
  }
  kvhost::Result<kvhost::Plan> plan(const kvhost::TreeView&, std::span<const kvhost::TreeEvent>,
                                    kvhost::Deadline) override {
    return kvhost::Plan();
  }
};

}  // namespace

KVHOST_PLUGIN("test.throwing", "1.0.0", kvhost::compaction<Throwing>("throwing"));
