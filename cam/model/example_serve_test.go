package model_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"log"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// server answers a photograph, posted as it is or as the file "image" of a form,
// with its likeliest classes and its class activation map.
type server struct {
	model  *model.Model
	limits limits
	busy   chan struct{} // holds a token for every picture in work
}

// limits are what one request may cost.
type limits struct {
	bytes   int64         // of the upload
	pixels  int           // of the picture
	upload  time.Duration // until the upload is there
	work    time.Duration // for decoding and the network
	atOnce  int           // pictures in work; further ones are sent away
	classes int           // in an answer
}

func newServer(m *model.Model, l limits) *server {
	return &server{m, l, make(chan struct{}, l.atOnce)}
}

// answer is what the server makes of a photograph.
type answer struct {
	Classes []model.Prediction `json:"classes"`
	Overlay string             `json:"overlay"` // a PNG, as a data URL
}

// failure is an error with its HTTP status.
type failure struct {
	status int
	err    error
}

func (f failure) Error() string { return f.err.Error() }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := s.answer(w, r)
	w.Header().Set("Content-Type", "application/json")
	if f, ok := errors.AsType[failure](err); ok {
		switch f.status {
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", http.MethodPost)
		case http.StatusServiceUnavailable:
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(f.status)
		json.NewEncoder(w).Encode(map[string]string{"error": f.Error()})
		return
	}
	json.NewEncoder(w).Encode(a)
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) (*answer, error) {
	if r.Method != http.MethodPost {
		return nil, failure{http.StatusMethodNotAllowed, errors.New("post a photograph")}
	}
	// A recorder in a test has no connection to set a deadline for.
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.limits.upload))
	file, err := s.file(w, r)
	if err != nil {
		return nil, err
	}
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	default:
		return nil, failure{http.StatusServiceUnavailable, errors.New("busy, try again")}
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.work)
	defer cancel()
	a, err := s.explain(ctx, file)
	if err != nil && ctx.Err() != nil {
		return nil, failure{http.StatusServiceUnavailable, ctx.Err()}
	}
	return a, err
}

// file reads the upload.
func (s *server) file(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	r.Body = http.MaxBytesReader(w, r.Body, s.limits.bytes)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body := io.Reader(r.Body)
	switch {
	case err == nil && kind == "multipart/form-data":
		form, err := r.MultipartReader()
		if err != nil {
			return nil, failure{http.StatusBadRequest, err}
		}
		for {
			part, err := form.NextPart()
			if err != nil {
				return nil, uploadFailure(fmt.Errorf(`no file "image" in the form: %w`, err))
			}
			if part.FormName() == "image" {
				body = part
				break
			}
		}
	case err == nil && (strings.HasPrefix(kind, "image/") || kind == "application/octet-stream"):
	default:
		return nil, failure{http.StatusUnsupportedMediaType, errors.New("post an image, or a form with one")}
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, uploadFailure(err)
	}
	return content, nil
}

// uploadFailure tells what went wrong while the body was read.
func uploadFailure(err error) failure {
	status := http.StatusBadRequest
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		status = http.StatusRequestEntityTooLarge
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		status = http.StatusRequestTimeout
	}
	return failure{status, err}
}

func (s *server) explain(ctx context.Context, file []byte) (*answer, error) {
	im, err := data.Decode(ctx, bytes.NewReader(file), data.DecodeOptions{MaxPixels: s.limits.pixels})
	if err != nil {
		return nil, failure{http.StatusUnprocessableEntity, err}
	}
	e, err := s.model.Explain(ctx, im, cam.Predicted)
	if err != nil {
		return nil, failure{http.StatusInternalServerError, err}
	}
	overlay, err := e.Overlay(model.OverlayOptions{})
	if err != nil {
		return nil, failure{http.StatusInternalServerError, err}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, overlay); err != nil {
		return nil, failure{http.StatusInternalServerError, err}
	}
	top := e.Predictions[:min(s.limits.classes, len(e.Predictions))]
	return &answer{top, "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())}, nil
}

// A service that explains photographs: JSON with the classes and the overlay, with
// limits on size and time.
func Example_server() {
	sd, err := pretrained.Scenes()
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.New(sd, model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	handler := newServer(m, limits{bytes: 10 << 20, pixels: 1 << 24, upload: 30 * time.Second, work: 10 * time.Second, atOnce: 4, classes: 3})
	service := httptest.NewServer(handler) // or http.ListenAndServe
	defer service.Close()

	var photograph bytes.Buffer
	if err := png.Encode(&photograph, scenes.Draw(2).Image); err != nil {
		log.Fatal(err)
	}
	response, err := http.Post(service.URL, "image/png", &photograph)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var a answer
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status, len(a.Classes), "classes, the first:", a.Classes[0].Name, a.Overlay[:22])
	// Output: 200 OK 3 classes, the first: house data:image/png;base64,
}
