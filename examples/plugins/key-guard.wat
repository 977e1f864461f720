;; A hook: private keys go to no model and into no memory. It looks for the line that one begins with, in all that it is told.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "{\"abi\":1,\"kind\":\"hook\",\"name\":\"key-guard\",\"description\":\"Keeps private keys out of prompts and memory.\",\"events\":[\"before_model\",\"memory_write\"],\"on_failure\":\"refuse\"}")
  (data (i32.const 1024) "PRIVATE KEY-----")
  (data (i32.const 1100) "{\"refuse\":\"there is a private key in it\"}")
  (data (i32.const 1200) "{}")
  ;; Where the next bytes go. An instance is called once, so nothing is ever given back.
  (global $free (mut i32) (i32.const 4096))

  (func (export "alloc") (param $length i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at (global.get $free))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (local.get $end) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $enough (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
        (br $more)))
    (global.set $free (local.get $end))
    (local.get $at))

  (func (export "describe") (result i64)
    (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 167)))

  ;; Whether the sixteen bytes of the mark stand there.
  (func $isMark (param $at i32) (result i32)
    (i32.and
      (i64.eq (i64.load (local.get $at)) (i64.load (i32.const 1024)))
      (i64.eq (i64.load offset=8 (local.get $at)) (i64.load (i32.const 1032)))))

  (func (export "call") (param $at i32) (param $length i32) (result i64)
    (local $last i32)
    (local.set $last (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 16)))
    (block $none
      (loop $next
        (br_if $none (i32.gt_s (local.get $at) (local.get $last)))
        (if (call $isMark (local.get $at))
          (then (return (i64.or (i64.shl (i64.const 1100) (i64.const 32)) (i64.const 41)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i64.or (i64.shl (i64.const 1200) (i64.const 32)) (i64.const 2))))
