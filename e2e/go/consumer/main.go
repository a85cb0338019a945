// An unmodified Go push consumer that consumes a topic concurrently from the first offset until its standard input ends.
//
// Events: ready; consumed {n, queue, offset} per message delivered (n is -1 for a body that no producer of ours made); done.
package main

import (
	"context"
	"strings"

	"batonmq/e2e/wire"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

type signal struct {
	Event string `json:"event"`
}

type consumed struct {
	Event  string `json:"event"`
	N      int    `json:"n"`
	Queue  int    `json:"queue"`
	Offset int64  `json:"offset"`
}

func main() {
	options := wire.Arguments()
	client, err := rocketmq.NewPushConsumer(
		consumer.WithNameServer(strings.Split(options.Text("namesrv"), ";")),
		consumer.WithGroupName(options.Text("group")),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	)
	if err != nil {
		wire.Fail(err)
	}
	err = client.Subscribe(options.Text("topic"), consumer.MessageSelector{}, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			wire.Emit(consumed{"consumed", wire.NumberOf(message.Body), message.Queue.QueueId, message.QueueOffset})
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		wire.Fail(err)
	}
	if err := client.Start(); err != nil {
		wire.Fail(err)
	}
	wire.Emit(signal{"ready"})
	wire.AwaitStop()
	_ = client.Shutdown()
	wire.Emit(signal{"done"})
}
