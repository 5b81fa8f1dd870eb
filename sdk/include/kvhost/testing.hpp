// Everything a plugin's tests need, so that they need no server: a host whose log, metrics, time,
// executor, journal and store are in the test's hands, trees and state machines made by hand, and
// components driven through their C tables.
//
//   FakeHost            log lines and metrics are kept; time and work go on when the test says so
//   FakeStore           a store in memory, for transports
//   FakeStateMachine    what a replication strategy applies to
//   FakeMetrics         what an exporter shows
//   TestTree            what a compaction policy decides on, with the engine's rules
//   Component           a component made from its descriptor; CompactionUnderTest, … for each kind
//   TestClient          a TCP client that never hangs
//   KVHOST_TEST, KVHOST_CHECK    tests without a framework
//
// Link the plugin's sources into the test and ask kvhost_plugin_v1(), or load the built file with
// load_plugin().
#pragma once

#include "kvhost/testing/check.hpp"
#include "kvhost/testing/fake_host.hpp"
#include "kvhost/testing/fake_state_machine.hpp"
#include "kvhost/testing/fake_store.hpp"
#include "kvhost/testing/test_client.hpp"
#include "kvhost/testing/under_test.hpp"
