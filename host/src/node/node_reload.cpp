// SIGHUP: the part of the configuration that a running node can take over.
#include <set>

#include "config/node_schema.hpp"
#include "node/node.hpp"

namespace kvhost::host {

// What a reload will do, once it is known that all of it can be done.
struct Node::Reload {
  NodeSettings settings;
  struct Change {
    Part* part;
    OptionValues before;
    OptionValues after;
  };
  std::vector<Change> changes;
  std::vector<std::string> taken;          // "[node] log_level"
  std::vector<std::string> needs_restart;  // "[engine] memory"
};

namespace {

// Keeps the old values of everything but reloadable options, and says which are which.
OptionValues merge(const Schema& schema, const OptionValues& before, const OptionValues& after,
                   const std::string& section, std::vector<std::string>& taken,
                   std::vector<std::string>& needs_restart) {
  OptionValues merged = before;
  for (const auto& path : changed_options(before, after)) {
    const auto* option = find_option(schema, path);
    if (option != nullptr && option->reloadable) {
      merged.put(path, after.at(path));
      taken.push_back(section + " " + path);
    } else {
      needs_restart.push_back(section + " " + path);
    }
  }
  return merged;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

bool Node::plan_reload(Reload& reload, Diagnostics& diagnostics) {
  auto fresh = read_node_settings(request_, diagnostics);
  if (!fresh) return false;
  reload.settings = settings_;
  for (const auto& section : host_sections()) {
    auto& kept = reload.settings.sections.find(section.name)->second;
    kept = merge(section.options, kept, fresh->sections.find(section.name)->second,
                 "[" + section.name + "]", reload.taken, reload.needs_restart);
  }
  if (fresh->engine.allow_lossy_drop != settings_.engine.allow_lossy_drop) {
    reload.needs_restart.push_back("[compaction] allow_lossy_drop");
  }
  reload.settings.log_level = fresh->log_level;
  reload.settings.drain_timeout = fresh->drain_timeout;
  const auto plan_part = [&](Part* part, ComponentSettings& known,
                             const ComponentSettings& wanted) {
    if (known.plugin != wanted.plugin) {
      reload.needs_restart.push_back(known.section + " plugin");
      return;
    }
    if (part == nullptr) return;
    // A policy that an administrator put in keeps its own options.
    if (part->plan.component.name != known.plugin &&
        part->plan.component.plugin_id + "/" + part->plan.component.name != known.plugin) {
      return;
    }
    const auto& schema = part->plan.component.options;
    const auto& before = part->instance->values();
    const auto after = validate_options(schema, wanted.options ? &*wanted.options : nullptr,
                                        part->plan.context, wanted.place, diagnostics);
    const std::size_t taken = reload.taken.size();
    auto merged = merge(schema, before, after, part->plan.context.section, reload.taken,
                        reload.needs_restart);
    if (reload.taken.size() != taken) reload.changes.push_back({part, before, std::move(merged)});
    known.options = wanted.options;
  };
  plan_part(compaction_.get(), reload.settings.compaction, fresh->compaction);
  plan_part(replication_.get(), reload.settings.replication, fresh->replication);
  plan_part(exporter_.get(), reload.settings.metrics, fresh->metrics);
  if (fresh->transports.size() != transports_.size()) {
    reload.needs_restart.push_back("[[transport]]");
  } else {
    for (std::size_t i = 0; i < transports_.size(); ++i) {
      plan_part(transports_[i].get(), reload.settings.transports[i], fresh->transports[i]);
    }
  }
  return diagnostics.empty();
}

bool Node::apply_reload(Reload& reload, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < reload.changes.size(); ++i) {
    auto& change = reload.changes[i];
    const Status taken =
        change.part->instance->reconfigure(change.after, change.part->plan.context, diagnostics);
    if (taken) continue;
    if (diagnostics.empty()) diagnostics.add(change.part->plan.place, taken.message());
    while (i-- > 0) {
      auto& undone = reload.changes[i];
      Diagnostics ignored;
      const Status back =
          undone.part->instance->reconfigure(undone.before, undone.part->plan.context, ignored);
      if (!back) node_log_.error("the old options could not be put back: " + back.message());
    }
    return false;
  }
  return true;
}

void Node::reload() {
  Diagnostics diagnostics;
  Reload reload;
  if (!plan_reload(reload, diagnostics) || !apply_reload(reload, diagnostics)) {
    for (const auto& item : diagnostics.items()) node_log_.error(item.to_string());
    node_log_.error("the configuration was not reloaded: nothing was changed");
    return;
  }
  settings_ = std::move(reload.settings);
  log_.set_level(settings_.log_level);
  publish_pages();
  node_log_.info(reload.taken.empty() ? "reloaded: nothing that can be taken over had changed"
                                      : "reloaded: " + joined(reload.taken));
  if (!reload.needs_restart.empty()) {
    node_log_.warning("changed, but needs a restart: " + joined(reload.needs_restart));
  }
}

}  // namespace kvhost::host
