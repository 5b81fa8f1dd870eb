// clusterload puts values of one size from many clients at once into etcd or kvhost, and prints what it
// counted as one line of JSON. With -first it only finds out how long until a put is accepted.
//
//	clusterload -target etcd-grpc|etcd-gateway|kvhost-http -endpoints HOST:PORT,… [-clients 64] [-seconds 10]
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type put func(ctx context.Context, client int, key string) error

var value = strings.Repeat("v", 100)

func post(ctx context.Context, client *http.Client, method, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", reply.StatusCode)
	}
	return nil
}

func target(name string, endpoints []string) put {
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}
	at := func(client int) string { return endpoints[client%len(endpoints)] }
	switch name {
	case "etcd-grpc":
		// One client for each endpoint; requests of many callers share its connection.
		var clients []*clientv3.Client
		for _, endpoint := range endpoints {
			one, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 2 * time.Second})
			if err != nil {
				log.Fatal(err)
			}
			clients = append(clients, one)
		}
		return func(ctx context.Context, client int, key string) error {
			_, err := clients[client%len(clients)].Put(ctx, key, value)
			return err
		}
	case "etcd-gateway":
		encoded := base64.StdEncoding.EncodeToString([]byte(value))
		return func(ctx context.Context, client int, key string) error {
			return post(ctx, web, "POST", "http://"+at(client)+"/v3/kv/put",
				`{"key":"`+base64.StdEncoding.EncodeToString([]byte(key))+`","value":"`+encoded+`"}`)
		}
	case "kvhost-http":
		return func(ctx context.Context, client int, key string) error {
			return post(ctx, web, "PUT", "http://"+at(client)+"/"+key, `{"value":"`+value+`"}`)
		}
	}
	log.Fatalf("unknown target %q", name)
	return nil
}

// untilFirst is how long it takes until a put is accepted at any endpoint.
func untilFirst(one put, endpoints int) time.Duration {
	begun := time.Now()
	done := make(chan time.Duration, endpoints)
	for i := 0; i < endpoints; i++ {
		go func(client int) {
			for time.Since(begun) < 30*time.Second {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				err := one(ctx, client, fmt.Sprintf("first-%d", client))
				cancel()
				if err == nil {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			done <- time.Since(begun)
		}(i)
	}
	return <-done
}

func main() {
	name := flag.String("target", "", "")
	list := flag.String("endpoints", "", "")
	clients := flag.Int("clients", 64, "")
	seconds := flag.Int("seconds", 10, "")
	first := flag.Bool("first", false, "")
	flag.Parse()
	endpoints := strings.Split(*list, ",")
	one := target(*name, endpoints)
	if *first {
		fmt.Println(untilFirst(one, len(endpoints)).Milliseconds())
		return
	}
	var all sync.WaitGroup
	var mutex sync.Mutex
	var times []time.Duration
	failures := 0
	begun := time.Now()
	end := begun.Add(time.Duration(*seconds) * time.Second)
	for c := 0; c < *clients; c++ {
		all.Add(1)
		go func(client int) {
			defer all.Done()
			var mine []time.Duration
			failed := 0
			for i := 0; time.Now().Before(end); i++ {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				at := time.Now()
				if err := one(ctx, client, fmt.Sprintf("key-%d-%d", client, i)); err != nil {
					failed++
				} else {
					mine = append(mine, time.Since(at))
				}
				cancel()
			}
			mutex.Lock()
			times, failures = append(times, mine...), failures+failed
			mutex.Unlock()
		}(c)
	}
	all.Wait()
	took := time.Since(begun).Seconds()
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	at := func(share float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return times[int(share*float64(len(times)-1))].Seconds() * 1000
	}
	text, _ := json.Marshal(map[string]interface{}{"target": *name, "clients": *clients, "seconds": took, "puts": len(times),
		"failures": failures, "puts_per_second": float64(len(times)) / took, "p50_ms": at(0.5), "p99_ms": at(0.99)})
	fmt.Println(string(text))
}
