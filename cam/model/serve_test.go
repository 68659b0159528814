package model_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data/scenes"
)

func photograph(t testing.TB, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func testServer(t testing.TB, change func(*limits)) *server {
	l := limits{bytes: 1 << 20, pixels: 96 * 96, upload: time.Minute, work: time.Minute, atOnce: 2, classes: 3}
	if change != nil {
		change(&l)
	}
	return newServer(scenesModel(t, model.Options{}), l)
}

// The answer holds what Explain says, and the picture of Overlay, for a body and
// for a form.
func TestServerAnswers(t *testing.T) {
	s := testServer(t, nil)
	im := scenes.Draw(2).Image
	file := photograph(t, im)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if err := w.WriteField("note", "before the file"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("image", "scene.png")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(file)
	w.Close()
	e, err := s.model.Explain(t.Context(), im, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	want, err := e.Overlay(model.OverlayOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for kind, body := range map[string]io.Reader{"image/png": bytes.NewReader(file), w.FormDataContentType(): &form} {
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.Header.Set("Content-Type", kind)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		var a answer
		if err := json.NewDecoder(rec.Body).Decode(&a); err != nil || rec.Code != http.StatusOK {
			t.Fatalf("%s: status %d, %v", kind, rec.Code, err)
		}
		if len(a.Classes) != 3 || a.Classes[0] != e.Predictions[0] {
			t.Errorf("%s: classes %+v, want %+v", kind, a.Classes, e.Predictions[:3])
		}
		encoded, _ := strings.CutPrefix(a.Overlay, "data:image/png;base64,")
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%s: an overlay of %v, want %v", kind, got.Bounds(), want.Bounds())
		}
		for i := 0; i < len(want.Pix)/4; i++ {
			r, g, b, _ := got.At(i%96, i/96).RGBA()
			if want.Pix[4*i] != uint8(r>>8) || want.Pix[4*i+1] != uint8(g>>8) || want.Pix[4*i+2] != uint8(b>>8) {
				t.Fatalf("%s: pixel %d differs", kind, i)
			}
		}
	}
}

func TestServerRefuses(t *testing.T) {
	file := photograph(t, scenes.Draw(2).Image)
	large := photograph(t, image.NewGray(image.Rect(0, 0, 97, 96)))
	for _, c := range []struct {
		name, method, kind string
		body               []byte
		change             func(*limits)
		want               int
	}{
		{"no post", http.MethodGet, "image/png", nil, nil, http.StatusMethodNotAllowed},
		{"no image", http.MethodPost, "text/plain", file, nil, http.StatusUnsupportedMediaType},
		{"no type", http.MethodPost, "", file, nil, http.StatusUnsupportedMediaType},
		{"too long", http.MethodPost, "image/png", file, func(l *limits) { l.bytes = int64(len(file)) - 1 }, http.StatusRequestEntityTooLarge},
		{"too many pixels", http.MethodPost, "image/png", large, nil, http.StatusUnprocessableEntity},
		{"cut", http.MethodPost, "image/png", file[:len(file)/2], nil, http.StatusUnprocessableEntity},
		{"empty", http.MethodPost, "image/png", nil, nil, http.StatusUnprocessableEntity},
		{"other bytes", http.MethodPost, "image/jpeg", []byte("<html>"), nil, http.StatusUnprocessableEntity},
		{"no boundary", http.MethodPost, "multipart/form-data", file, nil, http.StatusBadRequest},
		{"no file in the form", http.MethodPost, "multipart/form-data; boundary=x", []byte("--x--\r\n"), nil, http.StatusBadRequest},
		{"no time", http.MethodPost, "image/png", file, func(l *limits) { l.work = 0 }, http.StatusServiceUnavailable},
		{"no room", http.MethodPost, "image/png", file, func(l *limits) { l.atOnce = 0 }, http.StatusServiceUnavailable},
	} {
		s := testServer(t, c.change)
		r := httptest.NewRequest(c.method, "/", bytes.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		var body map[string]string
		if err := json.NewDecoder(rec.Body).Decode(&body); err != nil || rec.Code != c.want || body["error"] == "" {
			t.Errorf("%s: status %d, want %d; %v, %v", c.name, rec.Code, c.want, body, err)
		}
		if len(s.busy) != 0 {
			t.Errorf("%s: a place is taken for ever", c.name)
		}
	}
}

// A client that stops sending is answered in the time that is given for uploads.
func TestServerSlowUpload(t *testing.T) {
	service := httptest.NewServer(testServer(t, func(l *limits) { l.upload = 50 * time.Millisecond }))
	defer service.Close()
	body, w := io.Pipe()
	defer w.Close()
	go w.Write([]byte("\x89PNG"))
	r, err := http.Post(service.URL, "image/png", body)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %s, want %d", r.Status, http.StatusRequestTimeout)
	}
}

// A client that is gone costs nothing more.
func TestServerGoneClient(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(photograph(t, scenes.Draw(2).Image)))
	r.Header.Set("Content-Type", "image/png")
	rec := httptest.NewRecorder()
	testServer(t, nil).ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", rec.Code)
	}
}
