package db

import "context"

// Snapshot runs reads that together see one state. A transaction sees one
// anyway.
func (s Session) Snapshot(ctx context.Context, read func(Session) error) error {
	pool, ok := s.on.(*Pool)
	if s.Whole || !ok {
		return read(s)
	}
	if err := s.Gate.Enter(); err != nil {
		return err
	}
	defer s.Gate.Leave()
	conn, err := pool.lend(ctx)
	if err != nil {
		return s.interpret(err, BeginRead)
	}
	defer pool.giveBack(conn)
	if err := conn.run(ctx, BeginRead, nil, nil); err != nil {
		return s.interpret(err, BeginRead)
	}
	defer func() { _ = conn.run(context.Background(), Rollback, nil, nil) }() // it has written nothing
	snapshot := s
	snapshot.on, snapshot.Gate = conn, &Gate{}
	return read(snapshot)
}
