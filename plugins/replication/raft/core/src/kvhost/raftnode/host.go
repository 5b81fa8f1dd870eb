// Package raftnode is one member of a replicated cluster: etcd's raft, its log, its transport between
// peers, membership, and snapshots that are checkpoints of the host's state machine.
//
// Goroutines: the loop owns the raft state machine and never waits for the host's state machine;
//
//	the applier hands committed batches to it; a few more talk to peers.
//
// Errors:     a failing disk or state machine, a broken invariant and a panic end the process through
//
//	Host.Fatal: what this node knows is safe only while its log is.
package raftnode

// Levels of the host's log.
const (
	LogDebug = iota
	LogInfo
	LogWarning
	LogError
)

// Status codes, as the host's table numbers them.
const (
	CodeOK               = 0
	CodeInvalidArgument  = 2
	CodeNotSupported     = 8
	CodeConflict         = 12
	CodeNoQuorum         = 18
	CodeStalled          = 19
	CodeStarting         = 20
	CodeDraining         = 21
	CodeOutcomeUnknown   = 22
	CodeDeadlineExceeded = 23
	CodeNoSpace          = 24
	CodeIOError          = 25
	CodeCorruption       = 26
	CodeConfigError      = 30
	CodeAddressInUse     = 33
	CodeConnectionFailed = 36
	CodeInternal         = 38
)

// Roles, as the host's table numbers them.
const (
	roleLeader    = 1
	roleFollower  = 2
	roleCandidate = 3
	roleLearner   = 4
)

// Error is a failure with its status code.
type Error struct {
	Code int
	Text string
}

func (e *Error) Error() string { return e.Text }

// Position in the order of batches.
type Position struct {
	Incarnation, Term, Index uint64
}

// Host is what the node asks of the program around it. All methods may be called from any goroutine.
type Host interface {
	Log(level int, text string)
	// Fatal says why in the host's log and ends the process.
	Fatal(text string)

	// TakeProposals returns frames of waiting proposals, as raftnode.splitProposals reads them.
	TakeProposals() []byte
	// FinishProposal ends a proposal that was not carried out, or not known to be.
	FinishProposal(seq uint64, code int, text string)
	// TakeReads gives the waiting barriers of a level a name; 0: there are none.
	TakeReads(leaderLevel bool) (batch uint64)
	// ReadsReady grants the barriers of a batch as soon as index is applied; false: none is left.
	ReadsReady(batch, index uint64)
	ReadsFailed(batch uint64, code int, text string)
	// ExpireReads refuses barriers whose deadline has passed; returns the batches that are empty.
	ExpireReads() []uint64

	// Apply carries out batches of one term from `first` on; frames as encodeBatch writes them.
	Apply(incarnation, term, first uint64, count int, frames []byte) error
	// AppliedTo says that the state is at index without Apply: a checkpoint was installed, or the
	// log begins there.
	AppliedTo(index uint64)
	Applied() Position
	Durable() Position
	// HasData tells whether anything was ever written to the state.
	HasData() bool
	NowMs() uint64
	// RoleChanged tells role and leader; serves: this node is a leader that may answer reads.
	RoleChanged(role int, leaderAdvertise string)

	CanCheckpoint() bool
	CheckpointOpen() (id uint64, at Position, manifest []byte, err error)
	CheckpointRead(id uint64, file string, offset uint64, buffer []byte) (int, error)
	CheckpointClose(id uint64)
	InstallBegin(manifest []byte) (id uint64, err error)
	// InstallWanted tells what is still missing, as JSON; nothing: the host does not say.
	InstallWanted(id uint64) ([]byte, error)
	InstallWrite(id uint64, file string, offset uint64, bytes []byte) error
	InstallCommit(id uint64) error
	InstallAbort(id uint64)
}
