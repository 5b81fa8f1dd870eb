package raftnode

import (
	"fmt"
	"log"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// raftLogger gives etcd's raft the host's log. What raft calls a panic is a broken invariant.
type raftLogger struct{ host Host }

func (l raftLogger) Debug(v ...interface{})                 {}
func (l raftLogger) Debugf(format string, v ...interface{}) {}
func (l raftLogger) Info(v ...interface{})                  { l.host.Log(LogDebug, fmt.Sprint(v...)) }
func (l raftLogger) Infof(f string, v ...interface{})       { l.host.Log(LogDebug, fmt.Sprintf(f, v...)) }
func (l raftLogger) Warning(v ...interface{})               { l.host.Log(LogWarning, fmt.Sprint(v...)) }
func (l raftLogger) Warningf(f string, v ...interface{}) {
	l.host.Log(LogWarning, fmt.Sprintf(f, v...))
}
func (l raftLogger) Error(v ...interface{})            { l.host.Log(LogError, fmt.Sprint(v...)) }
func (l raftLogger) Errorf(f string, v ...interface{}) { l.host.Log(LogError, fmt.Sprintf(f, v...)) }
func (l raftLogger) Fatal(v ...interface{})            { l.host.Fatal("raft: " + fmt.Sprint(v...)) }
func (l raftLogger) Fatalf(f string, v ...interface{}) { l.host.Fatal("raft: " + fmt.Sprintf(f, v...)) }
func (l raftLogger) Panic(v ...interface{}) {
	l.host.Fatal("raft: " + fmt.Sprint(v...))
	panic(fmt.Sprint(v...))
}
func (l raftLogger) Panicf(f string, v ...interface{}) {
	l.host.Fatal("raft: " + fmt.Sprintf(f, v...))
	panic(fmt.Sprintf(f, v...))
}

// newZapLogger gives etcd's wal and rafthttp the host's log. Their chatter about connections is
// debug here: the node tells in its own words which peer cannot be reached.
func newZapLogger(host Host) *zap.Logger {
	return zap.New(&hostCore{host: host})
}

type hostCore struct {
	host   Host
	fields []zapcore.Field
}

func (c *hostCore) Enabled(zapcore.Level) bool { return true }

func (c *hostCore) With(fields []zapcore.Field) zapcore.Core {
	return &hostCore{c.host, append(append([]zapcore.Field(nil), c.fields...), fields...)}
}

func (c *hostCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return checked.AddCore(e, c)
}

func (c *hostCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if e.Level < zapcore.InfoLevel {
		return nil
	}
	var text strings.Builder
	text.WriteString(e.Message)
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range append(append([]zapcore.Field(nil), c.fields...), fields...) {
		f.AddTo(encoder)
	}
	if len(encoder.Fields) > 0 {
		fmt.Fprintf(&text, " %v", encoder.Fields)
	}
	switch {
	case e.Level >= zapcore.DPanicLevel:
		c.host.Fatal(text.String())
	case e.Level == zapcore.ErrorLevel:
		c.host.Log(LogWarning, text.String())
	default:
		c.host.Log(LogDebug, text.String())
	}
	return nil
}

func (c *hostCore) Sync() error { return nil }

// newHTTPLog takes what net/http says about broken connections.
func newHTTPLog(host Host) *log.Logger { return log.New(httpLog{host}, "", 0) }

type httpLog struct{ host Host }

func (l httpLog) Write(line []byte) (int, error) {
	l.host.Log(LogDebug, "peer connection: "+strings.TrimSpace(string(line)))
	return len(line), nil
}
