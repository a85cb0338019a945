// Sends the numbers first .. first+count-1 to a topic with an unmodified Go producer at a steady rate. A number whose send fails is
// sent again until it is acknowledged (SendOK) or giveUpMs have passed since its first try.
//
// Events: ready; ack {n, sentAt, at, tries, offsetMsgId} (epoch ms); refused {n, why}; gaveUp {n}; done {acked, gaveUp}.
package main

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"batonmq/e2e/wire"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

type signal struct {
	Event string `json:"event"`
}

type ack struct {
	Event       string `json:"event"`
	N           int    `json:"n"`
	SentAt      int64  `json:"sentAt"`
	At          int64  `json:"at"`
	Tries       int    `json:"tries"`
	OffsetMsgID string `json:"offsetMsgId"`
}

type refused struct {
	Event string `json:"event"`
	N     int    `json:"n"`
	Why   string `json:"why,omitempty"`
}

type done struct {
	Event  string `json:"event"`
	Acked  int64  `json:"acked"`
	GaveUp int64  `json:"gaveUp"`
}

type sender struct {
	producer      rocketmq.Producer
	topic         string
	bodyBytes     int
	tags          int
	giveUp        time.Duration
	acked, gaveUp atomic.Int64
}

func main() {
	options := wire.Arguments()
	client, err := rocketmq.NewProducer(
		producer.WithNameServer(strings.Split(options.Text("namesrv"), ";")),
		producer.WithGroupName(options.Text("group")),
		producer.WithRetry(2),
	)
	if err != nil {
		wire.Fail(err)
	}
	if err := client.Start(); err != nil {
		wire.Fail(err)
	}
	s := &sender{
		producer:  client,
		topic:     options.Text("topic"),
		bodyBytes: options.Number("bodyBytes", 64),
		tags:      options.Number("tags", 3),
		giveUp:    time.Duration(options.Number("giveUpMs", 120_000)) * time.Millisecond,
	}
	wire.Emit(signal{"ready"})
	s.sendAll(options.Number("first", 0), options.Number("count", 1), options.Number("rate", 1000), options.Number("threads", 8))
	_ = client.Shutdown()
	wire.Emit(done{"done", s.acked.Load(), s.gaveUp.Load()})
}

func (s *sender) sendAll(first, count, rate, threads int) {
	start := time.Now()
	var next atomic.Int64
	var running sync.WaitGroup
	for range threads {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
				s.sendUntilAcknowledged(first + i)
			}
		}()
	}
	running.Wait()
}

func (s *sender) sendUntilAcknowledged(number int) {
	giveUpAt := time.Now().Add(s.giveUp)
	for tries := 1; ; tries++ {
		message := primitive.NewMessage(s.topic, wire.Body(number, s.bodyBytes))
		message.WithTag("tag-" + strconv.Itoa(number%s.tags)).WithKeys([]string{"key-" + strconv.Itoa(number)})
		sentAt := time.Now().UnixMilli()
		result, err := s.producer.SendSync(context.Background(), message)
		if err == nil && result.Status == primitive.SendOK {
			s.acked.Add(1)
			wire.Emit(ack{"ack", number, sentAt, time.Now().UnixMilli(), tries, result.OffsetMsgID})
			return
		}
		wire.Emit(refused{"refused", number, reason(result, err)})
		if time.Now().After(giveUpAt) {
			s.gaveUp.Add(1)
			wire.Emit(refused{Event: "gaveUp", N: number})
			return
		}
		time.Sleep(50 * time.Millisecond) // a refused connection comes back at once: do not turn it into a busy loop
	}
}

func reason(result *primitive.SendResult, err error) string {
	if err != nil {
		return err.Error()
	}
	return "status " + strconv.Itoa(int(result.Status))
}
