// A plugin compiled into the test: what its table, manifest and thunks say.
#include <catch2/catch.hpp>
#include <kvhost/plugin.hpp>
#include <stdexcept>
#include <string>

namespace {

using kvhost::detail::to_view;

class Chatty final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto kPeer =
      kvhost::options(kvhost::string("id").required(), kvhost::address("address"));
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("fanout", -4).min(-8).max(64).unit("runs").doc("runs merged at once"),
      kvhost::choice("mode", "calm", "calm", "loud").reloadable(),
      kvhost::size("target", "64MiB").min("1MiB"), kvhost::duration("pause", "10ms").secret(),
      kvhost::boolean("on", true), kvhost::number("ratio", "0.5"), kvhost::tables("peers", kPeer));

  static kvhost::Result<std::unique_ptr<Chatty>> create(kvhost::Context&,
                                                        const kvhost::Config& config) {
    if (config.integer("fanout") == 1) throw std::runtime_error("cannot fan out to one");
    if (config.integer("fanout") == 2) return config.fail("fanout", "two is refused");
    return std::make_unique<Chatty>();
  }
  kvhost::Result<kvhost::Plan> plan(const kvhost::TreeView& tree,
                                    std::span<const kvhost::TreeEvent> events,
                                    kvhost::Deadline) override {
    if (tree.runs.empty()) throw std::logic_error("no runs");
    kvhost::Job job;
    for (const auto& file : tree.runs[0].files) job.inputs.push_back(file.id);
    job.target_level = static_cast<uint32_t>(events.size());
    job.reason = std::string(tree.runs[0].files[0].smallest_key);
    return kvhost::Plan{{job}};
  }
};

// A config with one number in it.
struct OneNumber {
  int64_t fanout = 0;
  std::string failed;
  kvh_config table{sizeof(kvh_config), 0, this, &OneNumber::get, &OneNumber::fail};

  static int32_t get(void* self, kvh_bytes path, kvh_value* out) noexcept {
    if (to_view(path) != "fanout") return KVH_INVALID_ARGUMENT;
    out->type = KVH_OPTION_INTEGER;
    out->integer = static_cast<OneNumber*>(self)->fanout;
    return KVH_OK;
  }
  static void fail(void* self, kvh_bytes path, kvh_bytes text) noexcept {
    static_cast<OneNumber*>(self)->failed =
        std::string(to_view(path)) + ": " + std::string(to_view(text));
  }
};

const kvh_host kNoHost{
    sizeof(kvh_host), KVH_ABI_MAJOR,
    KVH_ABI_MINOR,    0,
    nullptr,          [](void*, const char*) noexcept -> const void* { return nullptr; }};

}  // namespace

KVHOST_PLUGIN("org.example.chatty", "1.2.3",
              kvhost::compaction<Chatty>("chatty", "talks while it plans"));

TEST_CASE("the entry function: pure, sized, with the declared component") {
  const kvh_plugin* plugin = kvhost_plugin_v1();
  REQUIRE(plugin == kvhost_plugin_v1());
  CHECK(plugin->size == sizeof(kvh_plugin));
  CHECK(plugin->abi_major == KVH_ABI_MAJOR);
  CHECK(plugin->abi_minor_required == 0);
  CHECK(to_view(plugin->id) == "org.example.chatty");
  CHECK(to_view(plugin->version) == "1.2.3");
  REQUIRE(plugin->component_count == 1);
  CHECK(to_view(plugin->components[0].kind) == KVH_KIND_COMPACTION);
  CHECK(to_view(plugin->components[0].name) == "chatty");
  // A policy has no threads of its own: nothing to start, drain or stop.
  CHECK(plugin->components[0].start == nullptr);
  CHECK(plugin->components[0].stop == nullptr);
}

TEST_CASE("the manifest says the same as the table") {
  CHECK(std::string(kvhost_plugin_manifest.data()) ==
        "kvhost-plugin 1\nid=org.example.chatty\nversion=1.2.3\nabi=1.0\n"
        "component=kvhost.compaction/1 chatty\n");
}

TEST_CASE("options: one declaration, every column") {
  const kvh_component& component = kvhost_plugin_v1()->components[0];
  REQUIRE(component.option_count == 7);
  const kvh_option* rows = component.options;
  CHECK(to_view(rows[0].path) == "fanout");
  CHECK(to_view(rows[0].default_value) == "-4");
  CHECK(to_view(rows[0].min) == "-8");
  CHECK(to_view(rows[0].max) == "64");
  CHECK(to_view(rows[0].unit) == "runs");
  CHECK(rows[1].choice_count == 2);
  CHECK(to_view(rows[1].choices[1]) == "loud");
  CHECK(rows[1].flags == KVH_OPTION_RELOADABLE);
  CHECK(rows[2].type == KVH_OPTION_SIZE);
  CHECK(rows[3].flags == KVH_OPTION_SECRET);
  CHECK(to_view(rows[4].default_value) == "true");
  REQUIRE(rows[6].nested_count == 2);
  CHECK(to_view(rows[6].nested[0].path) == "id");
  CHECK(rows[6].nested[0].flags == KVH_OPTION_REQUIRED);
}

TEST_CASE("create: a throw and a refusal become words") {
  const kvh_component& component = kvhost_plugin_v1()->components[0];
  OneNumber config;
  void* self = nullptr;
  kvh_error error = kvhost::detail::make_error();

  config.fanout = 1;
  CHECK(component.create(&kNoHost, &config.table, &self, &error) == KVH_PLUGIN_ERROR);
  CHECK(std::string(error.text, error.text_size) == "create threw: cannot fan out to one");

  config.fanout = 2;
  CHECK(component.create(&kNoHost, &config.table, &self, &error) == KVH_CONFIG_ERROR);
  CHECK(config.failed == "fanout: two is refused");
  CHECK(self == nullptr);

  config.fanout = 3;
  REQUIRE(component.create(&kNoHost, &config.table, &self, &error) == KVH_OK);
  REQUIRE(self != nullptr);
  component.destroy(self);
}

TEST_CASE("plan: the tree crosses by strides, the jobs by a sink, a throw as words") {
  const kvh_component& component = kvhost_plugin_v1()->components[0];
  const auto* table = static_cast<const kvh_compaction*>(component.table);
  OneNumber config;
  config.fanout = 3;
  void* self = nullptr;
  kvh_error error = kvhost::detail::make_error();
  REQUIRE(component.create(&kNoHost, &config.table, &self, &error) == KVH_OK);

  // A newer host's file has more members than this plugin knows.
  struct LongFile {
    kvh_file file;
    uint64_t news;
  };
  LongFile files[2] = {};
  files[0].file.id = 7;
  files[0].file.smallest_key = kvhost::detail::to_bytes("apple");
  files[1].file.id = 8;
  kvh_run run{1, 0, 0, 10, &files[0].file, 2, sizeof(LongFile)};
  kvh_tree tree{};
  tree.size = sizeof(tree);
  tree.runs = &run;
  tree.run_count = 1;
  tree.run_stride = sizeof(kvh_run);
  const kvh_event event{KVH_EVENT_TIMER, 0, 0, {nullptr, 0}, {nullptr, 0}};

  std::vector<uint64_t> inputs;
  std::string reason;
  struct Seen {
    std::vector<uint64_t>& inputs;
    std::string& reason;
  } seen{inputs, reason};
  const kvh_job_sink sink{[](void* ctx, const kvh_job* job) noexcept -> int32_t {
                            auto* out = static_cast<Seen*>(ctx);
                            out->inputs.assign(job->inputs, job->inputs + job->input_count);
                            out->reason = to_view(job->reason);
                            return 0;
                          },
                          &seen};
  REQUIRE(table->plan(self, &tree, &event, 1, sizeof(event), 0, sink, &error) == KVH_OK);
  CHECK(inputs == std::vector<uint64_t>{7, 8});
  CHECK(reason == "apple");

  tree.run_count = 0;
  CHECK(table->plan(self, &tree, &event, 1, sizeof(event), 0, sink, &error) == KVH_PLUGIN_ERROR);
  CHECK(std::string(error.text, error.text_size) == "plan threw: no runs");
  component.destroy(self);
}
