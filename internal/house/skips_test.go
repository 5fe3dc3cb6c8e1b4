package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Tests are left out with -short alone, and say so; what a machine lacks is for
// internal/reftest to judge, which fails where CI=true.
func TestSkips(t *testing.T) {
	root := filepath.Join("..", "..")
	guarded, bare := 0, []string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(filepath.Dir(path), "reftest") && !strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		short := map[ast.Node]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			if branch, ok := n.(*ast.IfStmt); ok && onlyShort(branch.Cond) {
				ast.Inspect(branch.Body, func(n ast.Node) bool { short[n] = true; return true })
			}
			return true
		})
		ast.Inspect(file, func(n ast.Node) bool {
			for _, name := range []string{"Skip", "Skipf", "SkipNow"} {
				if !isCall(n, "t", name) && !isCall(n, "b", name) && !isCall(n, "tb", name) && !isCall(n, "f", name) {
					continue
				}
				call := n.(*ast.CallExpr)
				if guarded++; !short[n] || len(call.Args) == 0 {
					bare = append(bare, files.Position(n.Pos()).String())
				}
			}
			return true
		})
		return nil
	}))
	require.Empty(t, bare, "skips without testing.Short() before them, or without a reason")
	require.Greater(t, guarded, 10)
}

// onlyShort tells whether a condition holds with -short alone.
func onlyShort(cond ast.Expr) bool {
	both, ok := cond.(*ast.BinaryExpr)
	return isCall(cond, "testing", "Short") || ok && both.Op == token.LAND && (onlyShort(both.X) || onlyShort(both.Y))
}

// isCall tells whether a node is a call of that function or method.
func isCall(n ast.Node, of, name string) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != name {
		return false
	}
	x, ok := method.X.(*ast.Ident)
	return ok && x.Name == of
}
