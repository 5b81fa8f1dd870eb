// clusterload puts values of one size from many clients at once into etcd or kvhost, or gets such as it has
// put before, and prints what it counted as one line of JSON. With -first it only finds out how long until a
// put is accepted; with -mib it writes so much into kvhost that does not compress, and ends.
//
//	clusterload -target etcd-grpc|etcd-gateway|kvhost-http -endpoints HOST:PORT,… [-op put|get] [-clients 64] [-seconds 10]
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
	"math/rand"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type operation func(ctx context.Context, client int, key string) error

var (
	value   = strings.Repeat("v", 100)
	encoded = base64.StdEncoding.EncodeToString([]byte(value))
)

// A get reads this many keys of each client's.
const keysOfAClient = 20

// ask fails when the answer does not hold `expected`.
func ask(ctx context.Context, client *http.Client, method, url, body, expected string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(expected)) {
		return fmt.Errorf("status %d", reply.StatusCode)
	}
	return nil
}

func target(name, op string, endpoints []string) operation {
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
			if op == "put" {
				_, err := clients[client%len(clients)].Put(ctx, key, value)
				return err
			}
			got, err := clients[client%len(clients)].Get(ctx, key)
			if err == nil && (len(got.Kvs) != 1 || string(got.Kvs[0].Value) != value) {
				return fmt.Errorf("%s is not there", key)
			}
			return err
		}
	case "etcd-gateway":
		return func(ctx context.Context, client int, key string) error {
			key = `{"key":"` + base64.StdEncoding.EncodeToString([]byte(key)) + `"`
			if op == "put" {
				return ask(ctx, web, "POST", "http://"+at(client)+"/v3/kv/put", key+`,"value":"`+encoded+`"}`, "")
			}
			return ask(ctx, web, "POST", "http://"+at(client)+"/v3/kv/range", key+"}", encoded)
		}
	case "kvhost-http":
		return func(ctx context.Context, client int, key string) error {
			if op == "put" {
				return ask(ctx, web, "PUT", "http://"+at(client)+"/"+key, `{"value":"`+value+`"}`, "")
			}
			return ask(ctx, web, "GET", "http://"+at(client)+"/"+key, "", value)
		}
	}
	log.Fatalf("unknown target %q", name)
	return nil
}

// untilFirst is how long it takes until a put is accepted at any endpoint.
func untilFirst(one operation, endpoints int) time.Duration {
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

// fill puts what the gets will read.
func fill(one operation, clients int) {
	var all sync.WaitGroup
	for c := 0; c < clients; c++ {
		all.Add(1)
		go func(client int) {
			defer all.Done()
			for i := 0; i < keysOfAClient; i++ {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				if err := one(ctx, client, fmt.Sprintf("key-%d-%d", client, i)); err != nil {
					log.Fatal(err)
				}
				cancel()
			}
		}(c)
	}
	all.Wait()
}

// fillWithNoise puts values of 64 KiB.
func fillWithNoise(endpoint string, mib int) {
	noise := make([]byte, 64<<10)
	rand.Read(noise)
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	numbers := make(chan int)
	var all sync.WaitGroup
	for c := 0; c < 8; c++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := range numbers {
				url := fmt.Sprintf("http://%s/rebuild-%d", endpoint, n)
				request, err := http.NewRequest("PUT", url, bytes.NewReader(noise))
				if err != nil {
					log.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/octet-stream")
				reply, err := web.Do(request)
				if err != nil {
					log.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, reply.Body)
				reply.Body.Close()
				if reply.StatusCode != http.StatusOK {
					log.Fatalf("%s: %s", url, reply.Status)
				}
			}
		}()
	}
	for n := 0; n < mib*16; n++ {
		numbers <- n
	}
	close(numbers)
	all.Wait()
}

func main() {
	name := flag.String("target", "", "")
	op := flag.String("op", "put", "")
	list := flag.String("endpoints", "", "")
	clients := flag.Int("clients", 64, "")
	seconds := flag.Int("seconds", 10, "")
	first := flag.Bool("first", false, "")
	mib := flag.Int("mib", 0, "")
	flag.Parse()
	endpoints := strings.Split(*list, ",")
	if *mib > 0 {
		fillWithNoise(endpoints[0], *mib)
		return
	}
	one := target(*name, *op, endpoints)
	if *first {
		fmt.Println(untilFirst(one, len(endpoints)).Milliseconds())
		return
	}
	if *op == "get" {
		fill(target(*name, "put", endpoints), *clients)
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
				if *op == "get" {
					i %= keysOfAClient
				}
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
	text, _ := json.Marshal(map[string]interface{}{"failures": failures, "per_second": int(float64(len(times)) / took),
		"p50_ms": at(0.5), "p99_ms": at(0.99)})
	fmt.Println(string(text))
}
